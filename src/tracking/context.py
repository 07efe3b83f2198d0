"""Where we are: which run is open here, and whether a recorded fit is under way.

One ContextVar for everybody, so that nesting is right across frameworks, threads and
asyncio tasks. It does not cross to other threads or processes by itself; `token` and
`carried` take it there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from .runs import ActiveRun

Fits = Literal["auto", "nested"]


@dataclass(frozen=True, slots=True)
class Context:
    """``handed_out``: this is one of several pieces of work, done by workers side by side.

    ``scope`` is a small picklable value of a patcher's, which travels with the rest.
    """

    run: ActiveRun | None = None
    inside_fit: bool = False
    suppressed: bool = False
    handed_out: bool = False
    scope: Any = None


_EMPTY = Context()
_current: ContextVar[Context] = ContextVar("autolog", default=_EMPTY)

current = _current.get


@contextmanager
def entered(**changes: Any) -> Iterator[Context]:
    """The context with these changes, for a block."""
    context = replace(_current.get(), **changes)
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)


@contextmanager
def exactly(context: Context) -> Iterator[None]:
    """This context and nothing of the one around, for a block."""
    token = _current.set(context)
    try:
        yield
    finally:
        _current.reset(token)


def stay_in(context: Context) -> None:
    """This context from here on. For a process that has just begun."""
    _current.set(context)
