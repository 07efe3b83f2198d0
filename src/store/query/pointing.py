"""Errors that point at the character they are about."""

from __future__ import annotations

from ..errors import FilterError

_WIDEST = 100  # characters of a line that are shown


class Misread(Exception):
    """What is wrong, and at which character of the text."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


def pointed(error: Misread, text: str) -> FilterError:
    """The error with the line of ``text`` that it is in, and a caret below the place."""
    start = text.rfind("\n", 0, error.position) + 1
    line = text[start:].partition("\n")[0]
    column = error.position - start
    left = max(0, column - _WIDEST // 2)
    shown = "".join(c if c.isprintable() else " " for c in line[left : left + _WIDEST])
    before = "…" if left else ""
    after = "…" if left + _WIDEST < len(line) else ""
    indent = " " * (2 + len(before) + column - left)
    return FilterError(f"{error}\n  {before}{shown}{after}\n{indent}^")
