"""MLflow's filters over models and versions: comparisons joined by AND, answered without a database.

    name LIKE 'fraud%' AND tags.`team` = 'a' AND metrics.acc > 0.9

Source: the search grammar of MLflow's documentation. Ours, with or, not and parentheses, is
asked for under ``/api/autolog``.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from ..errors import FilterError

Value = str | float | tuple[str, ...]

_CLAUSE = re.compile(
    r"""\s* (?: (?P<kind>[a-z]+) \. )? (?P<key> `[^`]+` | "[^"]+" | [\w./-]+ ) \s*
        (?P<operator> [<>!]= | [<>=] | \b (?:not\s+)? (?:i?like|in) \b ) \s*
        (?P<value> '(?:[^']|'')*' | "[^"]*" | \([^()]*\) | [^\s'"()]+ ) \s*""",
    re.VERBOSE | re.IGNORECASE,
)
_AND = re.compile(r"and\b", re.IGNORECASE)
_TEXT = re.compile(r"'((?:[^']|'')*)'|\"([^\"]*)\"")
_KINDS = {"tag": "tags", "param": "params", "metric": "metrics", "attribute": "attributes"}
_ORDERED = ("=", "!=", "<", "<=", ">", ">=")
_TEXTUAL = ("=", "!=", "LIKE", "ILIKE", "IN", "NOT IN")


class Clause(NamedTuple):
    """One comparison; the value is a number exactly where what is compared is one."""

    kind: str
    key: str
    operator: str
    value: Value

    def holds(self, found: str | float | None) -> bool:
        """What is missing compares with nothing."""
        if found is None or (isinstance(found, float) and math.isnan(found)):
            return False
        return _TESTS[self.operator](found, self.value)


class Fields(NamedTuple):
    """What can be compared: attributes that are texts or numbers, and other kinds.

    ``aliases`` are other names of attributes.
    """

    texts: Collection[str]
    numbers: Collection[str] = ()
    kinds: Collection[str] = ("tags",)
    aliases: Mapping[str, str] = {}


def clauses(filter: str, fields: Fields) -> list[Clause]:
    """The comparisons of a filter, all of which must hold. Raises FilterError."""
    found: list[Clause] = []
    place = 0
    while place < len(filter) and not filter[place:].isspace():
        match = _CLAUSE.match(filter, place)
        if match is None:
            raise _misread(filter[place:])
        found.append(_clause(match, fields))
        joined = _AND.match(filter, match.end())
        ends = not filter[joined.end() if joined else match.end() :].strip()
        if ends == (joined is not None):
            raise _misread(filter[match.end() :])
        place = joined.end() if joined else len(filter)
    return found


def _clause(match: re.Match[str], fields: Fields) -> Clause:
    kind = (match["kind"] or "attributes").lower()
    kind = _KINDS.get(kind, kind)
    key = match["key"].strip('`"')
    if kind == "attributes":
        key = fields.aliases.get(key, key)
        if key not in (*fields.texts, *fields.numbers):
            known = ", ".join(sorted({*fields.texts, *fields.numbers}))
            raise FilterError(f"Invalid attribute key '{key}' specified. Valid keys are {known}")
    elif kind not in fields.kinds:
        raise FilterError(
            f"Invalid entity type '{kind}'. Expected one of attributes, {', '.join(fields.kinds)}"
        )
    numeric = kind == "metrics" or (kind == "attributes" and key in fields.numbers)
    comparator = " ".join(match["operator"].upper().split())
    if comparator not in (_ORDERED if numeric else _TEXTUAL):
        raise FilterError(f"Invalid comparator for {kind}.{key}: {comparator}")
    return Clause(kind, key, comparator, _value(match["value"], comparator, numeric=numeric))


def _value(written: str, comparator: str, *, numeric: bool) -> Value:
    if numeric:
        try:
            return float(written)
        except ValueError:
            raise FilterError(f"Expected a number, not {written}") from None
    texts = tuple((single or double).replace("''", "'") for single, double in _TEXT.findall(written))
    if comparator in ("IN", "NOT IN"):
        if not texts or not written.startswith("("):
            raise FilterError(f"Expected a list of texts such as ('a', 'b'), not {written}")
        return texts
    if _TEXT.fullmatch(written) is None:
        raise FilterError(f"Expected a text in quotes, not {written}")
    return str(texts[0])


def _misread(rest: str) -> FilterError:
    return FilterError(f"Invalid clause(s) in filter string: '{rest.strip()}'")


def _like(text: str, pattern: str, flags: int = 0) -> bool:
    """SQL's LIKE: piece by piece, so that no pattern takes long, however many ``%`` it has."""
    first, *rest = pattern.split("%")
    if not rest:
        return _piece(first, flags).fullmatch(text) is not None
    *between, last = rest
    found = _piece(first, flags).match(text)
    for piece in between:
        found = found and _piece(piece, flags).search(text, found.end())
    begin = len(text) - len(last)
    if found is None or found.end() > begin:
        return False
    return _piece(last, flags).match(text, begin) is not None


def _piece(piece: str, flags: int) -> re.Pattern[str]:
    return re.compile("".join("." if c == "_" else re.escape(c) for c in piece), flags | re.DOTALL)


_TESTS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "IN": lambda text, values: text in values,
    "NOT IN": lambda text, values: text not in values,
    "LIKE": _like,
    "ILIKE": lambda text, pattern: _like(text, pattern, re.IGNORECASE),
}
