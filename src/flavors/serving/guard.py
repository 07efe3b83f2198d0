"""Who may ask, and how much at once."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass

from .wire import Refused

LOCAL = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True)
class Limits:
    """``body``: bytes of a request; ``seconds``: until its answer; ``token``: the bearer's, if one is needed.

    ``waiting``: requests that wait for the model; ``batch``: rows of several that are predicted
    together; ``hosts``: what the header Host may say, empty for anything.
    """

    body: int = 16 << 20
    seconds: float = 60.0
    waiting: int = 1000
    batch: int = 4096
    token: str | None = None
    hosts: tuple[str, ...] = LOCAL


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_host(headers: Mapping[str, str], limits: Limits) -> None:
    """A page in a browser must not reach a server on its machine under a name of its own."""
    host = headers.get("host", "")
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    if limits.hosts and name.lower() not in limits.hosts:
        raise Refused(403, "PERMISSION_DENIED", "this server does not answer to that host name")


def check_token(headers: Mapping[str, str], limits: Limits) -> None:
    if limits.token is None:
        return
    kind, _, given = headers.get("authorization", "").partition(" ")
    same = hmac.compare_digest(given.strip().encode("latin-1"), limits.token.encode())
    if kind.lower() != "bearer" or not same:
        raise Refused(401, "UNAUTHENTICATED", "send the header Authorization: Bearer <token>")


def check_encoding(headers: Mapping[str, str]) -> None:
    """A small body that becomes a large one is not unpacked here."""
    encoding = headers.get("content-encoding", "identity").lower()
    if encoding != "identity":
        raise Refused(415, "UNSUPPORTED_MEDIA_TYPE", f"the encoding {encoding!r} is not read here")


async def read_body(headers: Mapping[str, str], stream: AsyncIterable[bytes], limits: Limits) -> bytes:
    """The body, of which no more is read than may be sent, in the time that a request may take."""
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length) > limits.body:
        raise _too_large(limits)
    try:
        async with asyncio.timeout(limits.seconds):
            return await _pieces(stream, limits)
    except TimeoutError:
        raise Refused(
            408, "REQUEST_TIMEOUT", f"the body took longer than {limits.seconds:g} seconds"
        ) from None


async def _pieces(stream: AsyncIterable[bytes], limits: Limits) -> bytes:
    pieces, size = [], 0
    async for piece in stream:
        size += len(piece)
        if size > limits.body:
            raise _too_large(limits)
        pieces.append(piece)
    return b"".join(pieces)


def _too_large(limits: Limits) -> Refused:
    message = f"a request may have {limits.body} bytes; send fewer rows at once"
    return Refused(413, "REQUEST_TOO_LARGE", message)
