"""Page tokens as MLflow's: base64 of ``{"offset": N}``."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from .errors import invalid

T = TypeVar("T")


class _Page(msgspec.Struct):
    offset: int


def offset_of(token: str | None) -> int:
    """How many results the pages before had. Raises Refused for what is no token of ours."""
    if not token:
        return 0
    try:
        page = msgspec.json.decode(base64.b64decode(token, validate=True), type=_Page)
    except (ValueError, msgspec.DecodeError):
        raise invalid("Invalid page token, could not base64-decode") from None
    if not 0 <= page.offset < 1 << 62:
        raise invalid("Invalid page token, parsed offset is out of range")
    return page.offset


def token_for(offset: int) -> str:
    return base64.b64encode(f'{{"offset": {offset}}}'.encode()).decode()


def page(found: Sequence[T], size: int, token: str | None) -> tuple[list[T], str]:
    """One page of everything that was found, and the token for the next one, empty for the last."""
    offset = offset_of(token)
    more = offset + size < len(found)
    return list(found[offset : offset + size]), token_for(offset + size) if more else ""


def page_size(asked: int | None, usual: int, most: int) -> int:
    """How many results are wanted. Raises Refused."""
    if asked is None:
        return usual
    if not 1 <= asked <= most:
        raise invalid(
            f"Invalid value {asked} for parameter 'max_results' supplied."
            f" It must be at least 1 and at most {most}."
        )
    return asked
