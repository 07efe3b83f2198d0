"""Values of the user's as values of the log: numbers stay numbers, the rest is stable text.

Stable means: the same value gives the same text in another process and on another day.
No memory addresses, sets sorted, large arrays by shape and digest. No framework is
imported: an object of a module that is not loaded cannot be met here.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Set
from enum import Enum
from typing import Any

from ..store.events import Scalar, wire_number
from .text import clean, text

_LARGEST_INT = 2**63 - 1
_DEEPEST = 100  # containers in containers: JSON readers have a limit too
_NO_NUMBERS = "cmMSU"  # numpy's kinds: complex, durations, dates, bytes, text


def param_value(value: object) -> Scalar:
    """``value`` as a parameter. Never raises; NaN and infinities are "nan", "inf", "-inf".

    Integers beyond 64 bits become text, as other readers of the log could not keep them.
    """
    kind = type(value)
    if kind is str:
        return clean(value)  # type: ignore[arg-type]
    if value is None or kind is bool:
        return value  # type: ignore[return-value]
    if kind is int:
        return value if -_LARGEST_INT <= value <= _LARGEST_INT else text(value)  # type: ignore
    if kind is float:
        return value if math.isfinite(value) else str(value)  # type: ignore
    if isinstance(value, Enum):
        return clean(text(value))
    return _plain_param(value)


def _plain_param(value: Any) -> Scalar:
    """Numbers and texts of other classes as those of Python, the rest as text."""
    if isinstance(value, str):
        return clean(value)
    if _is_numpy_number(value):  # a long double's item() is itself again
        value = float(value) if value.dtype.kind == "f" else value.item()
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return param_value(int(value))
    return param_value(float(value)) if isinstance(value, float) else clean(text(value))


def metric_value(key: str, value: object) -> float:
    """``value`` as a float: a number, a boolean, or an array or tensor of no dimension.

    Raises TypeError, naming ``key``, for anything else.
    """
    if type(value) is float:
        return value
    if isinstance(value, str | bytes | bytearray) or getattr(value, "ndim", 0) != 0:
        raise _no_number(key, value)
    if getattr(getattr(value, "dtype", None), "kind", "f") in _NO_NUMBERS:
        raise _no_number(key, value)
    if getattr(value, "requires_grad", False):  # PyTorch warns when such a tensor becomes a number
        value = value.detach()  # type: ignore[attr-defined]
    try:
        return float(value)  # type: ignore[arg-type]
    except Exception:  # noqa: BLE001 - whatever a __float__ raises
        raise _no_number(key, value) from None


def _no_number(key: str, value: object) -> TypeError:
    shown = text(value)
    shown = shown if len(shown) <= 80 else f"{shown[:80]}…"
    return TypeError(f"metric {key!r} must be a number, not {shown} ({type(value).__qualname__})")


def json_ready(obj: object) -> Any:
    """``obj`` as plain JSON values: dicts with text keys, lists, texts, numbers, None.

    NaN and the infinities are "NaN", "Infinity" and "-Infinity", as in the log. Arrays
    and tables are written out in full. What JSON has no form for becomes text.
    """
    return _json(obj, ())


def json_text(obj: object) -> str:
    """``obj`` as the text of a JSON file, a line for each value."""
    import json

    return json.dumps(json_ready(obj), ensure_ascii=False, allow_nan=False, indent=1)


def _json(obj: object, above: tuple[int, ...]) -> Any:
    """``above`` holds the ids of the containers around ``obj``."""
    if obj is None or isinstance(obj, bool):
        return obj
    if type(obj) in (str, int, float):
        return _json_scalar(obj)
    if id(obj) in above or len(above) > _DEEPEST:
        return "..."
    inside = (*above, id(obj))
    if isinstance(obj, Mapping):
        return {_json_key(key): _json(value, inside) for key, value in obj.items()}
    if isinstance(obj, tuple) and hasattr(obj, "_asdict"):  # a named tuple
        return _json(obj._asdict(), inside)
    if isinstance(obj, list | tuple):
        return [_json(item, inside) for item in obj]
    if isinstance(obj, Set):
        return _json(_sorted(obj), inside)
    return _json_of_library(obj, inside)


def _json_scalar(obj: Any) -> Any:
    if isinstance(obj, str):
        return clean(obj)
    return wire_number(obj) if isinstance(obj, float) else obj


def _json_key(key: object) -> str:
    return clean(key if isinstance(key, str) else text(key))


def _sorted(items: Set[Any]) -> list[Any]:
    try:
        return sorted(items)
    except TypeError:
        return sorted(items, key=text)


def _json_of_library(obj: Any, inside: tuple[int, ...]) -> Any:
    """Arrays, tables and numbers of libraries, by what they can do."""
    if hasattr(obj, "__dataclass_fields__") and not isinstance(obj, type):
        return {name: _json(getattr(obj, name), inside) for name in obj.__dataclass_fields__}
    if _belongs(obj, "pandas") and hasattr(obj, "to_dict"):
        return _json(obj.to_dict("list") if hasattr(obj, "columns") else obj.to_dict(), inside)
    if hasattr(obj, "tolist") and hasattr(obj, "dtype"):
        return _json(obj.tolist(), inside)
    return param_value(obj)


def _is_numpy_number(value: object) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.number | numpy.bool_)


def _belongs(obj: object, package: str) -> bool:
    return type(obj).__module__.partition(".")[0] == package
