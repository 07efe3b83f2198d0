"""The server as an ASGI application.

It answers as MLflow's scoring server does, so that its clients run unchanged; what that
one answers with a stack trace, or with 500 for a client's mistake, has its right status.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from time import perf_counter

import msgspec
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from ... import __version__
from ..schema import SchemaError
from .batching import Batcher
from .guard import Limits, check_host, check_token, read_body
from .metrics import Metrics
from .openapi import describe
from .service import Service
from .wire import JSON, Asked, Refused, decode, encode

logger = logging.getLogger(__name__)

Endpoint = Callable[[Request], Awaitable[Response]]


def make_app(service: Service, limits: Limits, *, look_every: float = 2.0) -> Starlette:
    """The application; ``look_every``: seconds between looks at where an alias points."""
    return _Server(service, limits, look_every).app


class _Server:
    def __init__(self, service: Service, limits: Limits, look_every: float) -> None:
        self.service = service
        self.limits = limits
        self.look_every = look_every
        self.metrics = Metrics()
        self.executor = ThreadPoolExecutor(1, thread_name_prefix="autolog-model")
        self.batcher = Batcher(
            lambda asked: service.current.predict(asked), self.executor, self.metrics.batches.observe
        )
        self.app = Starlette(
            routes=[
                Route("/invocations", self._guarded(self._invocations), methods=["POST"]),
                Route("/ping", self._open(self._ping)),
                Route("/health", self._open(self._ping)),
                Route("/version", self._open(self._version)),
                Route("/openapi.json", self._guarded(self._openapi)),
                Route("/metrics", self._guarded(self._metrics)),
            ],
            lifespan=self._lifespan,
        )

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        looking = asyncio.create_task(self._look()) if self.service.moves else None
        try:
            yield
        finally:
            if looking is not None:
                looking.cancel()
            self.executor.shutdown(wait=False, cancel_futures=True)

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

    # What is asked

    async def _invocations(self, request: Request) -> Response:
        began = perf_counter()
        self.metrics.waiting.inc()
        status = 500
        try:
            response = await self._predicted(request)
            status = response.status_code
            return response
        except Refused as refused:
            status = refused.status
            raise
        finally:
            self.metrics.waiting.dec()
            self.metrics.requests.labels(str(status)).inc()
            self.metrics.seconds.observe(perf_counter() - began)

    async def _predicted(self, request: Request) -> Response:
        body = await read_body(request.headers, request.stream(), self.limits)
        kind = request.headers.get("content-type")
        asked = decode(kind, body, self.service.current.signature)
        return Response(encode(await self._ask(asked)), media_type=JSON)

    async def _ask(self, asked: Asked) -> object:
        try:
            return await asyncio.wait_for(self.batcher.ask(asked), self.limits.seconds)
        except SchemaError as error:
            raise Refused(400, "INVALID_PARAMETER_VALUE", str(error)) from None
        except TimeoutError:
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
        return Response(self.metrics.text(), media_type="text/plain; version=0.0.4")


def _refusal(refused: Refused) -> Response:
    headers = {"WWW-Authenticate": "Bearer"} if refused.status == 401 else None
    text = msgspec.json.encode({"error_code": refused.code, "message": str(refused)})
    return Response(text, refused.status, headers, JSON)


def _failure() -> Refused:
    """What strangers hear of an error that is not theirs: a number that stands in the log, too."""
    number = secrets.token_hex(4)
    logger.exception("error %s", number)
    message = f"the model failed on this request (error {number} in the server's log)"
    return Refused(500, "INTERNAL_ERROR", message)
