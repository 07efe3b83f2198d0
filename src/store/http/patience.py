"""An end to every request: a server that sends a byte now and then cannot hold us.

Time limits of sockets are between two bytes. So what a request may take as a whole is watched
from beside it: when the time is over its socket is shut, which ends whatever waits for it.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_now = threading.local()


class Watch:
    """The time of what a thread does, a request or several. ``over`` says that it is up."""

    def __init__(self, seconds: float, outer: Watch | None) -> None:
        self.deadline = time.monotonic() + seconds
        self.over = False
        self._outer = outer
        self._sockets: list[socket.socket] = []

    @property
    def left(self) -> float:
        """Seconds; never none at all, which sockets would take for no limit."""
        mine = max(0.01, self.deadline - time.monotonic())
        return mine if self._outer is None else min(mine, self._outer.left)

    def guard(self, connection: socket.socket) -> None:
        self._sockets.append(connection)
        if self._outer is not None:
            self._outer.guard(connection)
        if self.over:
            _shut(connection)

    def end(self) -> None:
        self.over = True
        for connection in self._sockets:
            _shut(connection)


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def at_most(seconds: float) -> Iterator[Watch]:
    """Whatever this thread asks a server in the block ends in time, with an error of the socket."""
    outer: Watch | None = getattr(_now, "watch", None)
    watch = _now.watch = Watch(seconds, outer)
    timer = threading.Timer(seconds, watch.end)
    timer.daemon = True
    with suppress(RuntimeError):  # Python 3.12 begins no thread at exit: the sockets' limits must do
        timer.start()
    try:
        yield watch
    finally:
        timer.cancel()
        _now.watch = outer


class _Watched:
    """A connection that tells the watch of the thread its socket."""

    sock: Any

    def getresponse(self) -> Any:
        watch = getattr(_now, "watch", None)
        if watch is not None and self.sock is not None:
            watch.guard(self.sock)
        return super().getresponse()  # type: ignore[misc]


class _Connection(_Watched, HTTPConnection):
    pass


class _SecureConnection(_Watched, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class WatchedAdapter(HTTPAdapter):
    """For a `requests.Session` whose requests are to obey `at_most`."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
