"""What MLflow takes as names and values; the messages are those that its clients know."""

from __future__ import annotations

import json
import math
import posixpath
import re
from functools import lru_cache
from typing import Any

from ..events import Number, wire_number
from .errors import absence, invalid

LONGEST_KEY = 250
LONGEST_EXPERIMENT_NAME = 500
LONGEST_EXPERIMENT_TAG = 20_000
MOST_METRICS = 1000
MOST_TEXTS = 100
MOST_ENTITIES = 1000

_NAME = re.compile(r"[/\w.\- :]*")
_RUN_ID = re.compile(r"[a-zA-Z0-9][\w\-]{0,255}")
_NUMBERS = {"nan": math.nan, "infinity": math.inf, "-infinity": -math.inf, "inf": math.inf, "-inf": -math.inf}
_MOST_INTEGER = 1 << 63


def required(value: Any, name: str) -> Any:
    """``value``, which must be there and not empty."""
    if value is None or value in ("", []):
        raise absence(name)
    return value


def run_id(asked: Any) -> str:
    """The run of a request, which may stand in either of two fields."""
    id: str = required(asked.run_id or getattr(asked, "run_uuid", None), "run_id")
    if not _RUN_ID.fullmatch(id):
        raise wrong("run_id", id)
    return id


def wrong(name: str, value: Any, why: str = "") -> Exception:
    """The refusal of a value."""
    shown = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return invalid(f"Invalid value {shown} for parameter '{name}' supplied{f': {why}' if why else '.'}")


def checked_key(key: str | None, name: str = "key") -> str:
    """The name of a metric, a param or a tag."""
    if key is None:
        raise wrong(name, "", "A key name must be provided.")
    if problem := _problem_of(key):
        raise wrong(name, key[:1000], problem)
    return key


def is_key(key: str | None) -> bool:
    """Whether it can be the name of a metric, a param or a tag."""
    return key is not None and not _problem_of(key)


@lru_cache(4096)
def _problem_of(key: str) -> str:
    if not _NAME.fullmatch(key):
        return (
            "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ),"
            " colon(:) and slashes (/)."
        )
    path = posixpath.normpath(key)
    if path != key or path == "." or path.startswith(("..", "/")):
        return (
            "Names may be treated as files in certain cases, and must not resolve to other names when"
            f" treated as such. This name would resolve to {path!r}"
        )
    return f"'{key[:250]}' exceeds the maximum length of 250 characters" if len(key) > LONGEST_KEY else ""


def checked_length(value: str, most: int, name: str) -> str:
    if len(value) > most:
        raise invalid(f"'{name}' exceeds the maximum length of {most} characters")
    return value


def checked_number(value: Number | None, key: str, name: str = "value") -> Number:
    """A metric's value as it is logged."""
    if isinstance(value, float):
        return wire_number(value)
    if value is None:
        raise absence(name)
    if isinstance(value, int):
        return _as_float(value, key, name)
    try:
        return wire_number(_NUMBERS[value.lower()] if value.lower() in _NUMBERS else float(value))
    except ValueError:
        raise _no_number(value, key, name) from None


def _as_float(value: int, key: str, name: str) -> float:
    try:
        return float(value)
    except OverflowError:
        raise _no_number(value, key, name) from None


def _no_number(value: Number, key: str, name: str) -> Exception:
    why = f"metric '{key}'. Please specify value as a valid double (64-bit floating point)"
    return wrong(name, str(value)[:100], why)


def checked_time(value: int | None, name: str) -> int:
    """Milliseconds since the epoch."""
    if value is None:
        raise absence(name)
    if not 0 <= value < _MOST_INTEGER:
        raise wrong(name, value, "Timestamp must be a nonnegative long (64-bit integer)")
    return value


def checked_step(value: int | None, name: str = "step") -> int:
    step = value or 0
    if not -_MOST_INTEGER <= step < _MOST_INTEGER:
        raise wrong(name, value, "Step must be a valid long (64-bit integer).")
    return step


def check_batch(count: int, most: int, what: str) -> None:
    if count > most:
        raise invalid(
            f"A batch logging request can contain at most {most} {what}. Got {count} {what}. Please split up"
            f" {what} across multiple requests and try again."
        )
