"""Logs of changes: what happened to a registered model, or to an experiment.

Small files of JSON Lines with the header of all log files (`store.events`). What they are
about is the sum of its changes, by their times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import msgspec

from .decoding import decode_header
from .events import VERSION
from .log import now
from .who import author


class Change(msgspec.Struct, frozen=True, tag_field="event", tag=str.lower, omit_defaults=True, kw_only=True):
    """Something that happened; ``by`` is ``user@host``, times are milliseconds."""

    time: int = 0
    by: str = ""


_C = TypeVar("_C")
_S = TypeVar("_S", bound=Change)
_encode = msgspec.json.Encoder().encode


def line(change: Change) -> bytes:
    """One change as a whole line."""
    return _encode(change) + b"\n"


def stamped(changes: Iterable[_S], after: int = 0) -> list[_S]:
    """With time and author. Later than what the author has seen ``after`` all, whatever the clocks say."""
    time, by = max(now(), after + 1), author()
    return [msgspec.structs.replace(change, time=time, by=by) for change in changes]


def read(file: Path, decode: Callable[[bytes], _C]) -> Iterator[_C]:
    """What a file says, in order. What cannot be read is passed over; doctor reports it."""
    lines = file.read_bytes().split(b"\n")[:-1]  # behind the last newline: still being written
    header = decode_header(lines[0]) if lines else None
    if header is None or header.autolog <= VERSION:
        for line in lines:
            with suppress(msgspec.DecodeError, UnicodeError, RecursionError):
                yield decode(line)
