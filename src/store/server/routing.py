"""The table of endpoints as routes of the application."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from importlib import import_module
from typing import Any
from urllib.parse import unquote

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from ...web.guard import Limits, basic, check_encoding, read_body
from ..base import Store
from ..who import working_for
from ..wire.endpoint import Endpoint
from ..wire.own import USER
from .decoding import Reader
from .errors import JSON, OURS, Refused

_CLIENT = re.compile(r"[^\x00-\x20\x7f]{1,200}")

Handler = Callable[[Store, Any], Any]
"""Answers one endpoint: a plain function of the store and the request, called in a thread.

It raises errors of the store, and `Refused` for what is MLflow's alone.
"""

MLFLOW = (
    *("experiments", "runs", "metrics", "search", "inputs", "artifacts", "direct"),
    *("registry", "versions", "models"),
)
"""The modules beside this one that answer MLflow's surface: each has ``HANDLERS``, or ``ROUTES``, or both."""

OWN = ("own",)
"""Those that answer ours."""


def client_of(request: Request) -> str:
    """``user@host`` as the client says it, or what is known: whoever has the token is believed."""
    claimed = unquote(request.headers.get(USER, ""))
    if _CLIENT.fullmatch(claimed):
        return claimed
    name = (basic(request.headers) or ("", ""))[0]
    known = name if _CLIENT.fullmatch(name) else "unknown"
    return f"{known}@{request.client.host}" if request.client else known


class Answering:
    """Makes routes of endpoints: reads the request, has it answered in a thread, writes the answer."""

    def __init__(self, store: Store, executor: Executor, limits: Limits, most_waiting: int = 1000) -> None:
        self._store = store
        self._executor = executor
        self._limits = limits
        self._most_waiting = most_waiting
        self._waiting = 0

    def route(self, endpoint: Endpoint[Any, Any], handler: Handler) -> Callable[[Request], Any]:
        reader: Reader[Any] = Reader(endpoint.request)
        encode = msgspec.json.Encoder().encode

        def answer(request: Any, client: str) -> bytes:
            with working_for(client):
                return encode(handler(self._store, request))

        async def respond(request: Request) -> Response:
            asked, client = await self._asked(request, reader), client_of(request)
            return Response(await self._in_thread(answer, asked, client), media_type=JSON)

        return respond

    async def _asked(self, request: Request, reader: Reader[Any]) -> Any:
        """A GET and a DELETE may say it in the query as well."""
        given = request.path_params
        check_encoding(request.headers)
        body = await read_body(request.headers, request.stream(), self._limits)
        if request.method in ("GET", "HEAD", "DELETE") and not body:
            return reader.query(request.query_params.multi_items(), given)
        check_json(request)
        return reader.body(body, given)

    async def _in_thread(self, answer: Callable[[Any, str], bytes], asked: Any, client: str) -> bytes:
        if self._waiting >= self._most_waiting:
            raise Refused(503, "TEMPORARILY_UNAVAILABLE", "too many requests are waiting; try again later")
        self._waiting += 1
        work = asyncio.get_running_loop().run_in_executor(self._executor, answer, asked, client)
        work.add_done_callback(self._done)
        try:
            async with asyncio.timeout(self._limits.seconds) as clock:
                return await asyncio.shield(work)
        except TimeoutError:
            if not clock.expired():
                raise
            message = f"there was no answer within {self._limits.seconds:g} seconds"
            raise Refused(504, "DEADLINE_EXCEEDED", message) from None

    def _done(self, work: asyncio.Future[bytes]) -> None:
        self._waiting -= 1
        if not work.cancelled():
            work.exception()  # nobody may be left to hear of it


def check_json(request: Request) -> None:
    """A page of another server cannot send JSON without asking first, so nothing else is read."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        message = f"Bad Request. Content-Type must be one of ['{JSON}']."
        raise Refused(400, "INVALID_PARAMETER_VALUE", message)


class Table(BaseRoute):
    """All paths without parts that vary, found by one look instead of one after the other."""

    def __init__(self, endpoints: Mapping[tuple[str, str], Callable[[Request], Any]]) -> None:
        self._methods: dict[str, dict[str, Route]] = {}
        for (method, path), endpoint in endpoints.items():
            route = Route(path, endpoint, methods=[method])
            self._methods.setdefault(path, {})[method] = route

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        methods = self._methods.get(scope["path"]) if scope["type"] == "http" else None
        if methods is None:
            return Match.NONE, {}
        route = methods.get("GET" if scope["method"] == "HEAD" else scope["method"])
        return (Match.FULL if route else Match.PARTIAL), {"template": scope["path"], "found": route}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = scope["found"] or next(iter(self._methods[scope["path"]].values()))
        await route.handle(scope, receive, send)  # the wrong method is refused there


class Templated(Route):
    """A path with parts that vary; the log and the counters know it by its template."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, found = super().matches(scope)
        return match, {**found, "template": self.path} if match is not Match.NONE else found


def routes(answering: Answering) -> Iterator[BaseRoute]:
    """Everything that the modules answer."""
    plain: dict[tuple[str, str], Callable[[Request], Any]] = {}
    for method, path, endpoint in _endpoints(answering):
        if "{" in path:
            yield Templated(path, endpoint, methods=[method])
        else:
            plain[method, path] = endpoint
    yield Table(plain)


def endpoints() -> Iterator[tuple[Endpoint[Any, Any], Handler, list[str]]]:
    """Every endpoint, who answers it and at which paths."""
    for module in _modules((*MLFLOW, *OWN)):
        own = module.__name__.rpartition(".")[2] in OWN
        for endpoint, handler in getattr(module, "HANDLERS", {}).items():
            yield endpoint, handler, [OURS + endpoint.path] if own else mlflow_paths(endpoint)


def mlflow_paths(endpoint: Endpoint[Any, Any]) -> list[str]:
    """MLflow answers programs and its own page at different paths."""
    return [f"/{prefix}/{endpoint.version}.0{endpoint.path}" for prefix in ("api", "ajax-api")]


def _endpoints(answering: Answering) -> Iterator[tuple[str, str, Callable[[Request], Any]]]:
    for endpoint, handler, paths in endpoints():
        respond = answering.route(endpoint, handler)
        yield from ((endpoint.method, path, respond) for path in paths)
    yield from routed()


def routed() -> Iterator[tuple[str, str, Callable[[Request], Any]]]:
    """What has bodies that are no JSON: method, path, and who answers."""
    for module in _modules((*MLFLOW, *OWN)):
        yield from getattr(module, "ROUTES", ())


def _modules(names: Iterable[str]) -> Iterator[Any]:
    return (import_module(f".{name}", __package__) for name in names)
