"""Where we are: which run is open here, and whether a recorded fit is under way.

One ContextVar for everybody, so that nesting is right across frameworks, threads and
asyncio tasks. It does not cross to worker threads and processes by itself; see
`autolog.workers`.
"""

from __future__ import annotations

from contextlib import suppress
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from .runs import ActiveRun


class Context(msgspec.Struct, frozen=True):
    """``handed_out``: this is one of several pieces of work, done by workers side by side.

    ``scope`` is a small picklable value of a patcher's, which travels with the rest.
    """

    run: ActiveRun | None = None
    inside_fit: bool = False
    suppressed: bool = False
    handed_out: bool = False
    scope: Any = None

    def but(self, **changes: Any) -> Context:
        """The same with these changes."""
        return msgspec.structs.replace(self, **changes)


_NOWHERE = Context()
_current: ContextVar[Context] = ContextVar("autolog", default=_NOWHERE)

current = _current.get


class exactly:  # noqa: N801  used like a function
    """This context and nothing of the one around, for a block."""

    __slots__ = ("_before", "_context")

    def __init__(self, context: Context) -> None:
        self._context = context

    def __enter__(self) -> Context:
        self._before: Token[Context] = _current.set(self._context)
        return self._context

    def __exit__(self, *error: object) -> None:
        with suppress(ValueError):  # the block is left in another asyncio context than it was entered in
            _current.reset(self._before)


class entered(exactly):  # noqa: N801  used like a function
    """The context with these changes, for a block."""

    __slots__ = ()

    def __init__(self, **changes: Any) -> None:
        super().__init__(_current.get().but(**changes))


def stay_in(context: Context) -> None:
    """This context from here on. For a process that has just begun."""
    _current.set(context)
