"""The server as an ASGI application.

It answers as MLflow's scoring server does, so that its clients run unchanged; what that
one answers with a stack trace, or with 500 for a client's mistake, has its right status.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import perf_counter

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from ... import __version__
from ...web.counting import KIND
from ...web.guard import check_encoding, check_host, read_body
from ...web.refused import Refused
from ..schema import SchemaError
from .batching import Batcher, ModelThread
from .guard import Limits, check_token
from .metrics import Metrics
from .openapi import describe
from .service import Service
from .wire import JSON, Asked, decode, encode

logger = logging.getLogger(__name__)

Endpoint = Callable[[Request], Awaitable[Response]]

_LARGE = 1 << 16
"""Bytes of a body that takes long to read."""


def make_app(service: Service, limits: Limits, *, look_every: float = 2.0) -> Starlette:
    """The application; ``look_every``: seconds between looks at where an alias points."""
    return _Server(service, limits, look_every).app


class _Server:
    def __init__(self, service: Service, limits: Limits, look_every: float) -> None:
        self.service = service
        self.limits = limits
        self.look_every = look_every
        self.metrics = Metrics()
        self.executor = ModelThread()
        self.batcher = Batcher(
            lambda asked: service.current.predict(asked),
            self.executor,
            self.metrics.batches.observe,
            limits.batch,
        )
        self.app = Starlette(
            routes=[
                Route("/invocations", self._counted(self._guarded(self._invocations)), methods=["POST"]),
                Route("/ping", self._open(self._ping)),
                Route("/health", self._open(self._ping)),
                Route("/version", self._open(self._version)),
                Route("/openapi.json", self._guarded(self._openapi)),
                Route("/metrics", self._guarded(self._metrics)),
            ],
            exception_handlers={HTTPException: _no_such_route},
            lifespan=self._lifespan,
        )
        self.app.router.redirect_slashes = False  # the address of a redirect is what a client says it is

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        looking = asyncio.create_task(self._look()) if self.service.moves else None
        try:
            yield
        finally:
            if looking is not None:
                looking.cancel()
            self.executor.shutdown()

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(self.look_every)
            await asyncio.to_thread(self.service.look_again, self.metrics.reloads.inc)

    # Who may, and what is said when something is wrong

    def _open(self, endpoint: Endpoint) -> Endpoint:
        return self._answering(endpoint, token=False)

    def _guarded(self, endpoint: Endpoint) -> Endpoint:
        return self._answering(endpoint, token=True)

    def _answering(self, endpoint: Endpoint, *, token: bool) -> Endpoint:
        async def answer(request: Request) -> Response:
            try:
                check_host(request.headers, self.limits)
                if token:
                    check_token(request.headers, self.limits)
                return await endpoint(request)
            except Refused as refused:
                return _refusal(refused)
            except ClientDisconnect:
                return _refusal(Refused(499, "CANCELLED", "the client went away"))
            except Exception:  # noqa: BLE001 - logged, and told to nobody else
                return _refusal(_failure())

        return answer

    def _counted(self, endpoint: Endpoint) -> Endpoint:
        async def answer(request: Request) -> Response:
            began = perf_counter()
            self.metrics.waiting.inc()
            status = 500
            try:
                response = await endpoint(request)
                status = response.status_code
                return response
            finally:
                self.metrics.waiting.dec()
                self.metrics.requests.labels(str(status)).inc()
                self.metrics.seconds.observe(perf_counter() - began)

        return answer

    # What is asked

    async def _invocations(self, request: Request) -> Response:
        if self.batcher.waiting >= self.limits.waiting:
            raise Refused(503, "TEMPORARILY_UNAVAILABLE", "too many requests are waiting; try again later")
        check_encoding(request.headers)
        body = await read_body(request.headers, request.stream(), self.limits)
        return Response(encode(await self._ask(await self._decoded(request, body))), media_type=JSON)

    async def _decoded(self, request: Request, body: bytes) -> Asked:
        """Large bodies are read beside the loop, which has others to answer meanwhile."""
        given = request.headers.get("content-type"), body, self.service.current.signature
        return await asyncio.to_thread(decode, *given) if len(body) > _LARGE else decode(*given)

    async def _ask(self, asked: Asked) -> object:
        try:
            async with asyncio.timeout(self.limits.seconds) as clock:
                return await self.batcher.ask(asked)
        except SchemaError as error:
            raise Refused(400, "INVALID_PARAMETER_VALUE", str(error)) from None
        except TimeoutError:
            if not clock.expired():  # the model's own
                raise
            message = f"the model did not answer within {self.limits.seconds:g} seconds"
            raise Refused(504, "DEADLINE_EXCEEDED", message) from None

    async def _ping(self, request: Request) -> Response:
        return Response(b"\n", media_type=JSON)

    async def _version(self, request: Request) -> Response:
        return Response(__version__, media_type="text/plain")

    async def _openapi(self, request: Request) -> Response:
        served = self.service.current
        document = describe(served.signature, served.folder, __version__, token=self.limits.token is not None)
        return Response(msgspec.json.encode(document), media_type=JSON)

    async def _metrics(self, request: Request) -> Response:
        return Response(self.metrics.text(), media_type=KIND)


def _refusal(refused: Refused) -> Response:
    text = msgspec.json.encode({"error_code": refused.code, "message": str(refused)})
    return Response(text, refused.status, _HEADERS.get(refused.status), JSON)


_HEADERS = {401: {"WWW-Authenticate": "Bearer"}, 408: {"Connection": "close"}, 503: {"Retry-After": "1"}}


async def _no_such_route(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = "METHOD_NOT_ALLOWED" if error.status_code == 405 else "NOT_FOUND"
    response = _refusal(Refused(error.status_code, code, f"there is no {request.method} for this path"))
    response.headers.update(error.headers or {})
    return response


def _failure() -> Refused:
    """What strangers hear of an error that is not theirs: a number that stands in the log, too."""
    number = secrets.token_hex(4)
    logger.exception("error %s", number)
    message = f"the model failed on this request (error {number} in the server's log)"
    return Refused(500, "INTERNAL_ERROR", message)
