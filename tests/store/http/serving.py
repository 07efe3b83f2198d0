"""A real server of ours for tests: in this process, on a free port."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from autolog.store.base import Store
from autolog.store.folder import FolderStore
from autolog.store.server.app import make_app
from autolog.store.server.guard import Tokens
from autolog.web.running import configured, listening

TOKEN = "a-token-for-tests"


class Server:
    """One socket for many tests: each says which store is behind it."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._app: Any = None

    def show(self, store: Store | Path) -> None:
        opened = FolderStore(store) if isinstance(store, Path) else store
        self._app = make_app(opened, Tokens((TOKEN,)))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            while self._app is None:
                await asyncio.sleep(0.01)
            await self._app(scope, receive, send)


@contextmanager
def serving(port: int = 0, certificate: Path | None = None) -> Iterator[Server]:
    """A server that answers as long as the block lasts; with a key and its certificate by TLS."""
    with listening("127.0.0.1", port) as listener:
        scheme = "https" if certificate else "http"
        app = Server(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}")
        config = configured(app, seconds=1)
        config.lifespan = "off"
        config.ssl_certfile = certificate
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield app
        finally:
            server.should_exit = True
            thread.join()
