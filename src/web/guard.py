"""Who may ask, and how much at once."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import ipaddress
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from dataclasses import dataclass

from .refused import Refused

LOCAL = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True)
class Limits:
    """``body``: bytes of a request; ``seconds``: until its answer.

    ``hosts``: what the header Host may say, empty for anything.
    """

    body: int = 16 << 20
    seconds: float = 60.0
    hosts: tuple[str, ...] = LOCAL


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def hosts_for(host: str, extra: tuple[str, ...]) -> tuple[str, ...]:
    """What requests may call this server: local names on a local address, anything on a public one."""
    if not is_loopback(host) and not extra:
        return ()
    return (*LOCAL, host.lower(), *(name.lower() for name in extra))


def check_host(headers: Mapping[str, str], limits: Limits) -> None:
    """A page in a browser must not reach a server on its machine under a name of its own."""
    host = headers.get("host", "")
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    if limits.hosts and name.lower() not in limits.hosts:
        raise Refused(403, "PERMISSION_DENIED", "this server does not answer to that host name")


def check_origin(headers: Mapping[str, str]) -> None:
    """A page of another server must not ask in the name of who looks at it."""
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2].lower() != headers.get("host", "").lower():
        raise Refused(403, "PERMISSION_DENIED", "this server does not answer to pages of other servers")


def bearer(headers: Mapping[str, str]) -> str | None:
    """The token of ``Authorization: Bearer …``."""
    kind, _, given = headers.get("authorization", "").partition(" ")
    return given.strip() if kind.lower() == "bearer" else None


def basic(headers: Mapping[str, str]) -> tuple[str, str] | None:
    """Name and password of ``Authorization: Basic …``, for clients that know no token."""
    kind, _, given = headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, _, password = base64.b64decode(given.strip()).decode("latin-1").partition(":")
    except (binascii.Error, ValueError):
        return None
    return name, password


def is_same(given: str, token: str) -> bool:
    """Whether a header's text (as HTTP reads it, in Latin-1) is the token, in constant time."""
    return hmac.compare_digest(given.encode("latin-1", "replace"), token.encode())


def check_encoding(headers: Mapping[str, str]) -> None:
    """A small body that becomes a large one is not unpacked here."""
    encoding = headers.get("content-encoding", "identity").lower()
    if encoding != "identity":
        raise Refused(415, "UNSUPPORTED_MEDIA_TYPE", f"the encoding {encoding!r} is not read here")


async def read_body(headers: Mapping[str, str], stream: AsyncIterable[bytes], limits: Limits) -> bytes:
    """The body, of which no more is read than may be sent, in the time that a request may take."""
    check_length(headers, limits.body)
    try:
        async with asyncio.timeout(limits.seconds):
            return b"".join([piece async for piece in limited(stream, limits.body)])
    except TimeoutError:
        message = f"the body took longer than {limits.seconds:g} seconds"
        raise Refused(408, "REQUEST_TIMEOUT", message) from None


def check_length(headers: Mapping[str, str], most: int) -> None:
    """Raises Refused for a body that says itself that it is too large."""
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length) > most:
        raise _too_large(most)


async def limited(stream: AsyncIterable[bytes], most: int) -> AsyncIterator[bytes]:
    """The pieces of a body. Raises Refused when they become more than ``most`` bytes."""
    size = 0
    async for piece in stream:
        size += len(piece)
        if size > most:
            raise _too_large(most)
        yield piece


def _too_large(most: int) -> Refused:
    return Refused(413, "REQUEST_TOO_LARGE", f"a request may have {most} bytes; send less at once")
