"""What uvicorn does not limit: how long a client may take to say what it wants, and how long that may be."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 10.0
HEAD_BYTES = 1 << 16


class Connection(HttpToolsProtocol):
    """A connection that is closed when the head of a request takes too long, or does not end."""

    _timer: asyncio.TimerHandle | None = None
    _size = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._have_head()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """The server stops: what has an end may come to it, a stream of events has none."""
        super().shutdown()
        cycle = self.cycle
        if cycle is not None and cycle.response_started and cycle.chunked_encoding:
            cycle.disconnected = True
            cycle.message_event.set()

    def on_message_begin(self) -> None:
        self._expect_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._have_head()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._timer is None:
            return
        self._size += len(data)
        if self._size > HEAD_BYTES:
            self._give_up()

    def _expect_head(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _have_head(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._size = None, 0

    def _give_up(self) -> None:
        self._have_head()
        self.transport.close()
