"""One value held to a type: what JSON and CSV bring, as the model knew it in training."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from .types import Array, DataType, Map, Object

_BOUNDS = {"integer": 2**31, "long": 2**63}


class Unfit(ValueError):
    """A value is not what it should be. ``path``: where inside of a nested value, outermost first."""

    def __init__(self, problem: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(problem)
        self.problem = problem
        self.path = path


def fitted(value: Any, kind: DataType) -> Any:
    """``value`` as one of type ``kind``. Raises Unfit, which says what is wrong and where."""
    match kind:
        case Array(items):
            return _fitted_array(value, items)
        case Object(_):
            return _fitted_object(value, kind)
        case Map(values):
            _require(isinstance(value, Mapping), value, "object")
            return {key: _below(key, value[key], values) for key in value}
    return _SCALARS[kind](value)


def _fitted_array(value: Any, items: DataType) -> Any:
    if hasattr(value, "tolist"):
        value = value.tolist()
    _require(isinstance(value, (list, tuple)), value, "list")
    return [_below(place, item, items) for place, item in enumerate(value)]


def _fitted_object(value: Any, kind: Object) -> Any:
    _require(isinstance(value, Mapping), value, "object")
    known = {entry.name for entry in kind.properties}
    strange = next((key for key in value if key not in known), None)
    if strange is not None:
        raise Unfit("is not known to the model", (strange,))
    held = {}
    for entry in kind.properties:
        if value.get(entry.name) is not None:
            held[entry.name] = _below(entry.name, value[entry.name], entry.type)
        elif entry.required:
            raise Unfit("is missing", (entry.name,))
    return held


def _below(place: str | int, value: Any, kind: DataType) -> Any:
    try:
        return fitted(value, kind)
    except Unfit as unfit:
        raise Unfit(unfit.problem, (place, *unfit.path)) from None


def _require(met: bool, value: Any, wanted: str) -> None:
    if not met:
        raise Unfit(f"{shown(value)} is no {wanted}")


def shown(value: Any) -> str:
    """A value in an error: short, in one line."""
    text = repr(value.item() if hasattr(value, "item") and getattr(value, "ndim", 1) == 0 else value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _boolean(value: Any) -> Any:
    _require(type(value).__name__ in ("bool", "bool_"), value, "boolean")
    return value


def _whole(wanted: str) -> Any:
    def whole(value: Any) -> int:
        number = not isinstance(value, (bool, str, bytes)) and hasattr(value, "__int__") and value == value
        _require(number and abs(value) != float("inf") and int(value) == value, value, wanted)
        if not -_BOUNDS[wanted] <= int(value) < _BOUNDS[wanted]:
            raise Unfit(f"{shown(value)} does not fit into {8 if wanted == 'long' else 4} bytes")
        return int(value)

    return whole


def _float(value: Any) -> float:
    if value is None:
        return float("nan")
    _require(not isinstance(value, (bool, str, bytes)) and hasattr(value, "__float__"), value, "number")
    try:
        return float(value)
    except OverflowError:
        raise Unfit(f"{shown(value)} does not fit into 8 bytes") from None


def _string(value: Any) -> Any:
    _require(isinstance(value, str), value, "text")
    return value


def _binary(value: Any) -> bytes:
    if isinstance(value, str):
        try:
            return base64.b64decode("".join(value.split()), validate=True)
        except (binascii.Error, ValueError):
            raise Unfit(f"{shown(value)} is not base64") from None
    _require(isinstance(value, (bytes, bytearray)), value, "bytes, or base64")
    return bytes(value)


def _datetime(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            raise Unfit(f"{shown(value)} is no date and time as ISO 8601 writes it") from None
    _require(hasattr(value, "isoformat"), value, "date and time")
    return value


def as_date(value: Any) -> Any:
    """A date from a date or its ISO text."""
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise Unfit(f"{shown(value)} is no date as ISO 8601 writes it") from None
    _require(isinstance(value, date) and not hasattr(value, "hour"), value, "date")
    return value


_SCALARS = {
    "boolean": _boolean,
    "integer": _whole("integer"),
    "long": _whole("long"),
    "float": _float,
    "double": _float,
    "string": _string,
    "binary": _binary,
    "datetime": _datetime,
    "any": lambda value: value,
}
