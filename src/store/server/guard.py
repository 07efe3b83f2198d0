"""What every request passes before it is answered, and what is noted of it afterwards."""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Literal

import msgspec
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ...web.guard import Limits, basic, bearer, check_host, check_origin, is_same
from .counting import Counters
from .errors import Refused, answer

access = logging.getLogger("autolog.access")
"""One JSON line for each request."""

OPEN = ("/health", "/login")
"""What needs no header: the one tells nothing, the other is given the token itself."""

Right = Literal["write", "read"]

_READING = ("GET", "HEAD", "OPTIONS")
_HEADERS = {
    b"content-security-policy": b"default-src 'self'; base-uri 'none'; form-action 'self';"
    b" frame-ancestors 'none'; object-src 'none'",
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
}


@dataclass(frozen=True, repr=False)
class Tokens:
    """The tokens that let in: ``write`` for everything, ``read`` for what changes nothing."""

    write: tuple[str, ...]
    read: tuple[str, ...] = ()

    def right(self, given: str) -> Right | None:
        """What a token allows."""
        return _right(_one_is(given, self.write), _one_is(given, self.read))

    def right_of_cookies(self, cookies: Mapping[str, str]) -> Right | None:
        return _right(self._one_stands_in(cookies, self.write), self._one_stands_in(cookies, self.read))

    def _one_stands_in(self, cookies: Mapping[str, str], tokens: Iterable[str]) -> bool:
        known = [self.cookie(token) for token in tokens]
        return any(
            hmac.compare_digest(cookies.get(name, "").encode(), value.encode()) for name, value in known
        )

    def cookie(self, token: str) -> tuple[str, str]:
        """Name and value of the cookie that stands for a token; another server's has another name."""
        digest = hmac.new(token.encode(), b"autolog cookie", hashlib.sha256).hexdigest()
        return f"autolog-{digest[:8]}", digest[8:]


def _one_is(given: str, tokens: Iterable[str]) -> bool:
    return any(is_same(given, token) for token in tokens)


def _right(write: bool, read: bool) -> Right | None:
    return "write" if write else "read" if read else None


class Gate:
    """Refuses who may not ask: another host's name, another server's page, no token."""

    def __init__(self, app: ASGIApp, tokens: Tokens, limits: Limits, reading: Collection[str]) -> None:
        self._app = app
        self._tokens = tokens
        self._limits = limits
        self._reading = frozenset(reading)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self._check(HTTPConnection(scope), scope["method"], scope["path"])
        await self._app(scope, receive, send)

    def _check(self, asked: HTTPConnection, method: str, path: str) -> None:
        check_host(asked.headers, self._limits)
        check_origin(asked.headers)
        if path in OPEN:
            return
        right = self._right(asked)
        if right is None:
            raise Refused(401, "UNAUTHENTICATED", "send the header Authorization: Bearer <token>")
        if right == "read" and method not in _READING and path not in self._reading:
            raise Refused(403, "PERMISSION_DENIED", "this token is for reading only")

    def _right(self, asked: HTTPConnection) -> Right | None:
        given = bearer(asked.headers) or (basic(asked.headers) or ("", ""))[1]
        return self._tokens.right(given) if given else self._tokens.right_of_cookies(asked.cookies)


class Watch:
    """Answers what a route raised, adds the headers for browsers, counts and logs."""

    def __init__(self, app: ASGIApp, counters: Counters) -> None:
        self._app = app
        self._counters = counters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        noted = _Noted(scope, send)
        self._counters.waiting.inc()
        try:
            await self._app(scope, receive, noted.send)
        except Exception as error:
            response = answer(error, scope["method"], scope["path"])
            if noted.status:  # half an answer is out: the connection must break
                raise
            await response(scope, receive, noted.send)
        finally:
            self._counters.waiting.dec()
            self._counters.note(*noted.facts())
            noted.log()


class _Noted:
    """What is known of one request. No values of its query, and no token."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._began = perf_counter()
        self.status = 0
        self._bytes = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message["headers"], *_absent(message["headers"])]
        self._bytes += len(message.get("body", b""))
        await self._send(message)

    def facts(self) -> tuple[str, str, int, float]:
        return self._method(), self._scope.get("template", "-"), self.status, perf_counter() - self._began

    def _method(self) -> str:
        """Strangers' inventions are no names of counters."""
        method: str = self._scope["method"]
        return method if method in (*_READING, "POST", "PUT", "PATCH", "DELETE") else "-"

    def log(self) -> None:
        if access.isEnabledFor(logging.INFO):
            method, route, status, seconds = self.facts()
            line = {"method": method, "route": route, "status": status, "ms": round(seconds * 1000, 1)}
            access.info("%s", msgspec.json.encode({**line, "bytes": self._bytes}).decode())


def _absent(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    present = {name.lower() for name, _ in headers}
    return [(name, value) for name, value in _HEADERS.items() if name not in present]
