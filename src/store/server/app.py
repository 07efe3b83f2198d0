"""The server as an ASGI application over any store."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute

from ... import __version__
from ...web.counting import KIND
from ...web.guard import Limits
from ..base import Store
from ..errors import StoreError
from .counting import Counters
from .errors import JSON, Refused, answer
from .guard import Gate, Tokens, Watch
from .openapi import describe
from .routing import Answering, Table, endpoints, routes
from .writers import close_writers

MLFLOW_VERSION = "3.17.2"
"""The version of MLflow whose interface this is."""

_THREADS = 8
_REST = 10.0
"""Seconds between two times that what was logged is brought into the tables that readers look at."""

logger = logging.getLogger(__name__)


def make_app(store: Store, tokens: Tokens, limits: Limits | None = None) -> Starlette:
    """The application. It answers from ``store`` whoever has one of the ``tokens``."""
    limits = limits or Limits()
    executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="autolog-server")
    counters = Counters()
    app = Starlette(
        routes=[_general(tokens, counters), *routes(Answering(store, executor, limits))],
        middleware=[
            Middleware(Watch, counters=counters),
            Middleware(Gate, tokens=tokens, limits=limits, reading=list(_reading())),
        ],
        exception_handlers={HTTPException: _no_route},
        lifespan=_lifespan(store, executor),
    )
    app.router.redirect_slashes = False  # the address of a redirect is what a client says it is
    app.state.store = store
    app.state.limits = limits
    return app


def _lifespan(store: Store, executor: ThreadPoolExecutor) -> Callable[[Starlette], Any]:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        settling = asyncio.create_task(_settle(store))
        yield
        settling.cancel()
        executor.shutdown()
        close_writers(store)

    return lifespan


async def _settle(store: Store) -> None:
    """What is written and never read must come to rest, too; for a small share of the time."""
    pause = _REST
    while True:
        await asyncio.sleep(pause)
        began = time.monotonic()
        try:
            await asyncio.to_thread(store.settle)
        except (OSError, StoreError):
            logger.warning("what was logged could not be brought to rest; trying again", exc_info=True)
        pause = max(_REST, (time.monotonic() - began) * 4)


def _reading() -> Iterator[str]:
    """The paths of what is asked by POST, and yet changes nothing."""
    for endpoint, _, paths in endpoints():
        if endpoint.reads:
            yield from paths


async def _no_route(request: Request, error: Exception) -> Response:
    return answer(error, request.method, request.url.path)


def _general(tokens: Tokens, counters: Counters) -> BaseRoute:
    """What a server says of itself."""

    async def health(request: Request) -> Response:
        return Response("OK", media_type="text/plain")

    async def version(request: Request) -> Response:
        return Response(MLFLOW_VERSION, media_type="text/plain")

    async def home(request: Request) -> Response:
        text = f"autolog {__version__}: a tracking server, with MLflow's interface at /api/2.0/mlflow\n"
        return Response(text, media_type="text/plain")

    async def server_info(request: Request) -> Response:
        return Response(msgspec.json.encode(_INFO), media_type=JSON)

    async def metrics(request: Request) -> Response:
        return Response(counters.text(), media_type=KIND)

    async def openapi(request: Request) -> Response:
        return Response(msgspec.json.encode(describe(__version__)), media_type=JSON)

    async def login(request: Request) -> Response:
        return _logged_in(request.query_params.get("token", ""), tokens)

    return Table(
        {
            ("GET", "/"): home,
            ("GET", "/health"): health,
            ("GET", "/version"): version,
            ("GET", "/login"): login,
            ("GET", "/metrics"): metrics,
            ("GET", "/openapi.json"): openapi,
            ("GET", "/api/3.0/mlflow/server-info"): server_info,
            ("GET", "/ajax-api/3.0/mlflow/server-info"): server_info,
        }
    )


_INFO = {
    "store_type": "SqlStore",  # clients know this one and FileStore, which can less
    "workspaces_enabled": False,
    "multipart_uploads_enabled": False,
    "autolog": __version__,
}


def _logged_in(token: str, tokens: Tokens) -> Response:
    """The cookie for a browser that came by the link with the token."""
    if tokens.right(token.encode().decode("latin-1")) is None:  # as a header would have it
        raise Refused(401, "UNAUTHENTICATED", "this link has no token that is known here")
    response = RedirectResponse("/", 303)
    name, value = tokens.cookie(token)
    response.set_cookie(name, value, httponly=True, samesite="strict", path="/")
    return response
