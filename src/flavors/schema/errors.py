"""What is wrong with data, and where."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from .values import Unfit


class SchemaError(ValueError):
    """Data is not what the model takes. ``column`` and ``row`` (from 0) say where, as far as known."""

    def __init__(self, problem: str, *, column: str | int | None = None, row: int | None = None) -> None:
        places = [
            f"column {column!r}" if column is not None else "",
            f"row {row}" if row is not None else "",
        ]
        where = ", ".join(place for place in places if place)
        super().__init__(f"{where}: {problem}" if where else problem)
        self.problem = problem
        self.column = column
        self.row = row


def problem(unfit: Unfit) -> str:
    path = "".join(f"[{place!r}]" for place in unfit.path)
    return f"{path} {unfit.problem}".strip()


def choice(name: str, known: Iterable[str]) -> str:
    """What there is instead of ``name``, as the end of a sentence."""
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"there is {', '.join(map(repr, names[:20]))}" if names else "there is none"
