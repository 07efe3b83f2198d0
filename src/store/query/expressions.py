"""Python's regular expressions in PostgreSQL's words.

Filters speak Python's dialect, whatever the database. Only whether an expression is found
counts, so how greedy a repetition is makes no difference. PostgreSQL's own:
https://www.postgresql.org/docs/current/functions-matching.html#POSIX-SYNTAX-DETAILS
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from re import _constants as sre  # Python's own parser, since 3.11
from re import _parser as parser
from typing import Any

_MOST = 255  # repetitions

_CLASSES: Mapping[Any, str] = {
    sre.CATEGORY_DIGIT: r"\d",
    sre.CATEGORY_NOT_DIGIT: r"\D",
    sre.CATEGORY_SPACE: r"\s",
    sre.CATEGORY_NOT_SPACE: r"\S",
    sre.CATEGORY_WORD: r"\w",
    sre.CATEGORY_NOT_WORD: r"\W",
}
_OPPOSITE = {r"\D": r"\d", r"\S": r"\s", r"\W": r"\w"}


class Untold(ValueError):
    """An expression with something that PostgreSQL has no word for, which the message names."""


def for_postgresql(pattern: str) -> str:
    """The expression as PostgreSQL reads it. Raises Untold, and re.error for no expression."""
    tree = parser.parse(pattern)
    flags = tree.state.flags
    if flags & re.ASCII and not pattern.isascii():
        raise Untold("(?a)")
    return ("(?i)" if flags & re.IGNORECASE else "") + _Writer(flags).sequence(tree)


class _Writer:
    """Writes the parts of an expression; ``flags`` hold for all of it."""

    def __init__(self, flags: int) -> None:
        self._flags = flags
        self._looks = self._refers = False

    def sequence(self, parts: Any) -> str:
        return "".join([self._part(operation, argument) for operation, argument in parts])

    def _part(self, operation: Any, argument: Any) -> str:
        write = _WRITERS.get(operation)
        if write is None:
            raise Untold(str(operation).lower().replace("_", " "))
        return write(self, argument)

    def literal(self, code: int) -> str:
        return _character(code)

    def not_literal(self, code: int) -> str:
        return f"[^{_character(code)}]"

    def any(self, _: None) -> str:
        return "." if self._flags & re.DOTALL else r"[^\n]"

    def one_of(self, items: list[tuple[Any, Any]]) -> str:
        negated = items[0][0] is sre.NEGATE
        inside = [self._item(*item) for item in items[negated:]]
        others = [item for item in inside if item in _OPPOSITE]
        plain = "".join(item for item in inside if item not in _OPPOSITE)
        if not negated:
            return "(?:" + "|".join([*others, *([f"[{plain}]"] if plain else [])]) + ")"
        # Not one of these: none of the opposites is one that is ahead of a character of the rest.
        ahead = "".join(f"(?={_OPPOSITE[item]})" for item in others)
        return f"(?:{ahead}[^{plain}])" if plain else f"(?:{ahead}.)"

    def _item(self, operation: Any, argument: Any) -> str:
        if operation is sre.LITERAL:
            return _character(argument)
        if operation is sre.RANGE:
            return f"{_character(argument[0])}-{_character(argument[1])}"
        return _CLASSES[argument]

    def branch(self, argument: Any) -> str:
        return "(?:" + "|".join(map(self.sequence, argument[1])) + ")"

    def group(self, argument: Any) -> str:
        number, added, removed, parts = argument
        if added or removed:
            raise Untold("flags for a part of it")
        return f"({'?:' if number is None else ''}{self.sequence(parts)})"

    def repeat(self, argument: Any) -> str:
        low, high, parts = argument
        endless = high is sre.MAXREPEAT
        if low > _MOST or (not endless and high > _MOST):
            raise Untold(f"more than {_MOST} repetitions")
        return f"(?:{self.sequence(parts)}){{{low},{'' if endless else high}}}"

    def place(self, where: Any) -> str:
        lines = self._flags & re.MULTILINE
        return {
            sre.AT_BEGINNING: r"(?:\A|(?<=\n))" if lines else r"\A",
            sre.AT_BEGINNING_STRING: r"\A",
            sre.AT_BOUNDARY: r"\y",
            sre.AT_NON_BOUNDARY: r"\Y",
            sre.AT_END: r"(?:\Z|(?=\n))" if lines else r"(?=\n?\Z)",
            sre.AT_END_STRING: r"\Z",
        }[where]

    def look(self, argument: Any, found: str = "=") -> str:
        direction, parts = argument
        self._looks = True
        return f"(?{'<' if direction < 0 else ''}{found}{self._beside(parts)})"

    def look_not(self, argument: Any) -> str:
        return self.look(argument, "!")

    def reference(self, number: int) -> str:
        self._refers = True
        return rf"(?:\{number})" + self._beside(())

    def _beside(self, parts: Any) -> str:
        """Groups in what is looked at have no numbers in PostgreSQL."""
        text = self.sequence(parts)
        if self._looks and self._refers:
            raise Untold("looking around together with references to groups")
        return text


def _character(code: int) -> str:
    character = chr(code)
    if character.isalnum() or code > 0x7F:
        return character
    return rf"\u{code:04x}"


_WRITERS: Mapping[Any, Callable[[_Writer, Any], str]] = {
    sre.LITERAL: _Writer.literal,
    sre.NOT_LITERAL: _Writer.not_literal,
    sre.ANY: _Writer.any,
    sre.IN: _Writer.one_of,
    sre.BRANCH: _Writer.branch,
    sre.SUBPATTERN: _Writer.group,
    sre.MAX_REPEAT: _Writer.repeat,
    sre.MIN_REPEAT: _Writer.repeat,
    sre.AT: _Writer.place,
    sre.ASSERT: _Writer.look,
    sre.ASSERT_NOT: _Writer.look_not,
    sre.GROUPREF: _Writer.reference,
}
