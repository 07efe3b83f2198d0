"""Our own errors stop here: a training never sees one.

Every entry from the user's code into ours goes through `contained`. It lets nothing out
but what interrupts a program on purpose (Ctrl-C, SystemExit). The first failure of a
process is a warning of the logger ``autolog``, those after it are at level DEBUG.
"""

from __future__ import annotations

import os
from types import TracebackType

_said: set[str] = set()

strict = os.environ.get("AUTOLOG_STRICT", "") in ("1", "true", "yes", "on")
"""Let our errors through: for tests, which want to see them."""

silent = False
"""Say nothing at all: the option of the same name."""


def say_once(topic: str, message: str, *args: object) -> None:
    """A warning, unless there was one on this topic already."""
    import logging  # rarely needed, and slow to import

    level = logging.DEBUG if topic in _said or silent else logging.WARNING
    _said.add(topic)
    logging.getLogger("autolog").log(level, message, *args)


class contained:  # noqa: N801  used like a function
    """``with contained("reading the params of X"):`` lets no error of ours out."""

    __slots__ = ("what",)

    def __init__(self, what: str) -> None:
        self.what = what

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception) or strict:
            return False
        say_once(
            "failure",
            "autolog failed while %s; your code goes on, but not all of it is recorded (%s: %s)",
            self.what,
            type(error).__name__,
            _text(error),
        )
        return True


def store_failed(error: Exception) -> None:
    """A write did not reach the store. The training goes on, unrecorded from here."""
    say_once(
        "failure",
        "autolog cannot write to its store; your code goes on, but not everything is recorded (%s)",
        _text(error),
    )


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001  the user's __str__ may do anything
        return "its message cannot be read"
