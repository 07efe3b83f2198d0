"""What a filter can compare, and with what: the words of the language get their meaning.

Everything that can be wrong with a filter beside its grammar is found here, so that a
tree that was made can always be answered.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Literal, Protocol, cast, get_args

from ..events import Status
from .pointing import Misread
from .tree import Comparison, Field, Kind, Operator, Plain, Sorting

Type = Literal["number", "text", "scalar", "time", "flag", "run"]

KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(("metrics", "metric"), "metrics"),
    **dict.fromkeys(("params", "param", "parameters", "parameter"), "params"),
    **dict.fromkeys(("tags", "tag"), "tags"),
    **dict.fromkeys(("datasets", "dataset"), "datasets"),
    **dict.fromkeys(("attributes", "attribute", "attr", "run"), "attributes"),
}
ATTRIBUTES: Mapping[str, Type] = {
    "run_id": "text",
    "name": "text",
    "experiment": "text",
    "kind": "text",
    "status": "text",
    "error": "text",
    "start_time": "time",
    "end_time": "time",
    "duration": "number",
    "parent": "run",
    "children": "number",
    "stale": "flag",
    "deleted": "flag",
}
_ALIASES = {
    "id": "run_id",
    "run_name": "name",
    "run name": "name",
    "experiment_name": "experiment",
    "created": "start_time",
    "parent_id": "parent",
}
_DATASET_KEYS = ("name", "digest", "context")

_STATUS = Field("attributes", "status")
_STATUSES = get_args(Status)

_EQUAL = {"=", "!=", "in", "not in"}
_ORDERED = _EQUAL | {"<", "<=", ">", ">="}
_TEXTUAL = _ORDERED | {"like", "not like", "ilike", "not ilike", "=~", "!~"}
_OPERATORS: Mapping[Type, set[str]] = {
    "number": _ORDERED,
    "time": _ORDERED,
    "text": _TEXTUAL,
    "flag": _EQUAL,
    "run": _EQUAL,
}
_LONGEST_PATTERN = 10_000  # characters; SQLite takes 50,000 bytes
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Word(Protocol):
    """A token of the grammar: its text, its kind and where it stands."""

    value: str
    type: str
    start_pos: int | None


def read_field(word: Word) -> Field:
    """``metrics.acc``, ``params.`odd key` ``, ``start_time``…"""
    prefix, dot, key = word.value.partition(".")
    if not dot:
        return Field("attributes", _attribute(prefix, _at(word)))
    kind = KINDS.get(prefix.lower())
    if kind is None:
        raise Misread(f"there is no {prefix!r} to compare{_near(prefix, KINDS)}", _at(word))
    place = _at(word) + len(prefix) + 1
    if key[:1] in ("`", '"'):
        key = key[1:-1]
    if not key:
        raise Misread(f"a name must follow {prefix}.", place)
    if kind == "attributes":
        key = _attribute(key, place)
    if kind == "datasets" and key not in _DATASET_KEYS:
        raise Misread(
            f"a data set has name, digest and context, no {key!r}{_near(key, _DATASET_KEYS)}", place
        )
    return Field(kind, key)


def read_comparison(field_word: Word, words: Sequence[Word], values: Sequence[Word]) -> Comparison:
    """One comparison. ``words`` are the operator's: ``NOT LIKE``."""
    field = read_field(field_word)
    written = " ".join(word.value.lower() for word in words)
    operator = cast(Operator, {"==": "="}.get(written, written))
    if not values:
        return Comparison(field, operator)
    if field.kind == "metrics" and values[0].value.lower().endswith("nan") and operator in ("=", "!="):
        return Comparison(field, "is nan" if operator == "=" else "is not nan")
    read = tuple(_value(field, operator, words[0], value) for value in values)
    return Comparison(field, operator, read if words[-1].type == "IN" else read[0])


def read_sorting(word: Word, *direction: Word) -> Sorting:
    """``metrics.acc desc``"""
    field = read_field(word)
    if field.kind == "datasets":
        raise Misread("runs cannot be sorted by their data sets: a run may have several", _at(word))
    return Sorting(field, bool(direction) and direction[0].type == "DESC")


def type_of(field: Field) -> Type:
    """What a field holds. A scalar (a param, a tag) is whatever it is compared with."""
    if field.kind == "attributes":
        return ATTRIBUTES[field.key]
    return {"metrics": "number", "datasets": "text"}.get(field.kind, "scalar")  # type: ignore[return-value]


def _attribute(name: str, position: int) -> str:
    known = name.lower()
    known = _ALIASES.get(known, known)
    if known in ATTRIBUTES:
        return known
    hint = _near(known, [*ATTRIBUTES, *_ALIASES])
    hint = hint or f"; write metrics.{name}, params.{name} or tags.{name} for what was logged under this name"
    raise Misread(f"runs have no attribute {name!r}{hint}", position)


def _near(word: str, known: Iterable[str]) -> str:
    by_lower = {name.lower(): name for name in known}
    matches = get_close_matches(word.lower(), by_lower, 1)
    return f"; did you mean {by_lower[matches[0]]!r}?" if matches else ""


def _value(field: Field, operator: str, operator_word: Word, word: Word) -> Plain:
    """The value as what it is compared as. Raises Misread where the two do not fit."""
    type = type_of(field)
    if type == "scalar":
        type = _SCALARS[word.type]
    if operator not in _OPERATORS[type]:
        usable = ", ".join(sorted(_OPERATORS[type]))
        raise Misread(
            f"{field} cannot be compared by {operator!r} here; it can by {usable}", _at(operator_word)
        )
    value = _READERS[type](field, word)
    if isinstance(value, str):
        _check_text(field, operator, value, word)
    return value


def _number(field: Field, word: Word) -> float:
    if word.type != "NUMBER":
        raise Misread(f"{field} is a number; compare it with one, without quotes", _at(word))
    number = _to_number(word.value)
    if math.isnan(number):
        raise Misread("only a metric can be nan: metrics.loss = nan, metrics.loss != nan", _at(word))
    return number


def _text(field: Field, word: Word) -> str:
    if word.type != "TEXT":
        raise Misread(f"{field} is a text; put what it is compared with in quotes: '{word.value}'", _at(word))
    quote = word.value[0]
    return word.value[1:-1].replace(quote * 2, quote)


def _flag(field: Field, word: Word) -> bool:
    if word.type != "FLAG":
        raise Misread(f"{field} is true or false", _at(word))
    return word.value.lower() == "true"


def _time(field: Field, word: Word) -> float:
    """Milliseconds since the epoch, from them or from an ISO date (UTC unless it says so)."""
    if word.type == "NUMBER":
        return _number(field, word)
    try:
        when = datetime.fromisoformat(_text(field, word))
    except ValueError:
        raise Misread(f"{field} is a date such as '2026-11-01 14:30', or milliseconds", _at(word)) from None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return (when - _EPOCH) // timedelta(milliseconds=1)


_SCALARS: Mapping[str, Type] = {"NUMBER": "number", "TEXT": "text", "FLAG": "flag"}
_READERS: Mapping[Type, Callable[[Field, Word], Plain]] = {
    "number": _number,
    "text": _text,
    "flag": _flag,
    "time": _time,
    "run": _text,
}


def _to_number(text: str) -> float:
    """An int where it is one that SQL has, else a float."""
    if re.fullmatch(r"[+-]?\d{1,18}", text):
        return int(text)
    return float(text)


def _check_text(field: Field, operator: str, value: str, word: Word) -> None:
    if "like" in operator and len(value) > _LONGEST_PATTERN:
        raise Misread(f"a pattern has at most {_LONGEST_PATTERN:,} characters", _at(word))
    if operator in ("=~", "!~"):
        _check_expression(value, word)
    if field == _STATUS and operator in _EQUAL and value not in _STATUSES:
        hint = _near(value, _STATUSES) or f"; it is one of {', '.join(_STATUSES)}"
        raise Misread(f"no run has the status {value!r}{hint}", _at(word))
    if operator[0] in "<>" and field.kind in ("params", "tags") and _reads_as_number(value):
        raise Misread(f"to compare numbers, leave out the quotes: {field} {operator} {value}", _at(word))


def _check_expression(value: str, word: Word) -> None:
    try:
        re.compile(value)
    except (re.error, RecursionError, OverflowError) as error:
        place = getattr(error, "pos", None) or 0
        raise Misread(f"the regular expression cannot be read: {error}", _at(word) + 1 + place) from None


def _reads_as_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _at(word: Word) -> int:
    return word.start_pos or 0
