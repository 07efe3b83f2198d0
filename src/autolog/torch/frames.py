"""Where in the user's program a step is made: whether two optimizers step in one loop."""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import NamedTuple

_NOT_THE_USERS = ("torch.", "autolog.")


class Spot(NamedTuple):
    """A call on the stack: which frame, and where in its code. The frame itself is not held."""

    frame: int
    code: CodeType
    position: int


def stack() -> tuple[Spot, ...]:
    """The user's calls that led here, the outermost first."""
    spots: list[Spot] = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if spots or not f"{frame.f_globals.get('__name__')}.".startswith(_NOT_THE_USERS):
            spots.append(Spot(id(frame), frame.f_code, frame.f_lasti))
        frame = frame.f_back
    return tuple(reversed(spots))


def globals_around() -> Iterator[object]:
    """What the user's modules on the stack hold."""
    frame: FrameType | None = sys._getframe(1)
    seen: set[int] = set()
    while frame is not None:
        if id(frame.f_globals) not in seen:
            seen.add(id(frame.f_globals))
            yield from list(frame.f_globals.values())
        frame = frame.f_back


def together(a: tuple[Spot, ...], b: tuple[Spot, ...]) -> bool:
    """Whether both places lie in one loop of the user's, at different calls in it."""
    for one, other in zip(a, b, strict=False):
        if one[:2] != other[:2]:
            return False
        if one.position != other.position:
            return any(
                start <= min(one.position, other.position) and max(one.position, other.position) <= end
                for start, end in _loops(one.code)
            )
    return False


def _loops(code: CodeType) -> Iterator[tuple[int, int]]:
    for instruction in dis.get_instructions(code):
        if "JUMP_BACKWARD" in instruction.opname:
            yield instruction.argval, instruction.offset
