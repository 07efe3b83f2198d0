"""Any object as text that is the same in every process: what `values` records of it."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import functools
import inspect
import os
import re
import sys
import types
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_SMALL_ARRAY = 20  # elements that are written out
_LONG = 10_000  # elements, or bytes, beyond which only length and digest are written
_DEEPEST = 30


def text(value: object) -> str:
    """``value`` as one stable text, of any length. Never raises.

    What cannot be shown is ``<Class: repr failed: Error>`` in its place.
    """
    return _text(value, ())


def clean(value: str) -> str:
    """``value`` without what UTF-8 cannot carry (half surrogates, of odd file names)."""
    if value.isascii():
        return str(value)
    return value.encode("utf-8", "backslashreplace").decode()


def _text(value: object, above: tuple[int, ...]) -> str:
    """``above`` holds the ids of the objects that ``value`` is inside of."""
    if value is None or type(value) in (bool, float, int, str):
        return _plain(value)
    if id(value) in above or len(above) > _DEEPEST:
        return "..."
    try:
        return _writer(value)(value, (*above, id(value)))
    except Exception as error:  # noqa: BLE001 - whatever a repr of the user's raises
        return f"<{type(value).__qualname__}: repr failed: {type(error).__name__}>"


def _plain(value: object) -> str:
    try:
        return repr(value)
    except ValueError:  # more digits than Python converts
        return hex(value)  # type: ignore[arg-type]


_Writer = Callable[[Any, tuple[int, ...]], str]


def _writer(value: object) -> _Writer:
    """The function that writes values of this kind. The order is from special to general."""
    for kind, writer in _BUILTIN:
        if isinstance(value, kind):
            return writer
    if callable(value) and isinstance(getattr(value, "__qualname__", None), str):
        return _named
    if dataclasses.is_dataclass(value) and type(value).__dataclass_params__.repr:  # type: ignore
        return _dataclass
    package = type(value).__module__.partition(".")[0]
    if package in _LIBRARIES and (of_library := _LIBRARIES[package](value)):
        return of_library
    if callable(getattr(type(value), "get_params", None)):
        return _estimator
    return _generic


def _items(values: Iterable[object], above: tuple[int, ...]) -> str:
    return ", ".join(_text(value, above) for value in values)


def _named_items(values: Mapping[str, object], above: tuple[int, ...]) -> str:
    return ", ".join(f"{name}={_text(value, above)}" for name, value in values.items())


def _enum(value: enum.Enum, above: tuple[int, ...]) -> str:
    return f"{type(value).__qualname__}.{value.name}"


def _sequence(value: Any, above: tuple[int, ...]) -> str:
    kind = type(value)
    if len(value) > _LONG:
        return f"{kind.__qualname__}(len={len(value)}{_digest(value)})"
    if hasattr(value, "_fields"):  # a named tuple
        return f"{kind.__qualname__}({_named_items(value._asdict(), above)})"
    inside = _items(value, above)
    if isinstance(value, tuple):
        inside = f"({inside},)" if len(value) == 1 else f"({inside})"
    else:
        inside = f"[{inside}]"
    return inside if kind in (list, tuple) else f"{kind.__qualname__}({inside})"


def _set(value: Set[Any], above: tuple[int, ...]) -> str:
    kind = type(value)
    if len(value) > _LONG:
        return f"{kind.__qualname__}(len={len(value)}{_digest(_in_order(value))})"
    inside = _items(_in_order(value), above)
    if kind is set:
        return f"{{{inside}}}" if value else "set()"
    return f"{kind.__qualname__}({{{inside}}})" if value else f"{kind.__qualname__}()"


def _in_order(values: Iterable[Any]) -> list[Any]:
    """Numbers by size, then everything else by its text: sets have no order of their own."""

    def key(value: Any) -> tuple[int, Any, str]:
        if isinstance(value, int | float) and value == value:
            return (0, value, "")
        return (1, 0, text(value))

    return sorted(values, key=key)


def _mapping(value: Mapping[Any, Any], above: tuple[int, ...]) -> str:
    kind = type(value)
    if len(value) > _LONG:
        return f"{kind.__qualname__}(len={len(value)}{_digest([*value.items()])})"
    inside = ", ".join(f"{_text(key, above)}: {_text(item, above)}" for key, item in value.items())
    return f"{{{inside}}}" if kind is dict else f"{kind.__qualname__}({{{inside}}})"


def _bytes(value: bytes | bytearray, above: tuple[int, ...]) -> str:
    if len(value) > _LONG:
        return f"{type(value).__qualname__}(len={len(value)}{_digest(value)})"
    return repr(value)


def _digest(value: Any) -> str:
    """``, digest=…`` for large containers of plain values; nothing for others."""
    import hashlib
    import marshal

    try:
        data = marshal.dumps(value, 2)  # version 2 writes equal values equally, later ones do not
    except ValueError:
        return ""
    return f", digest={hashlib.sha1(data, usedforsecurity=False).hexdigest()[:8]}"


def _partial(value: functools.partial[Any], above: tuple[int, ...]) -> str:
    parts = [_text(value.func, above), _items(value.args, above), _named_items(value.keywords, above)]
    return f"functools.partial({', '.join(filter(None, parts))})"


def _named(value: Any, above: tuple[int, ...]) -> str:
    """Functions, classes and methods by the name they are imported by."""
    owner = getattr(value, "__self__", None)
    if owner is not None and not inspect.ismodule(owner):
        return f"{_text(owner, above)}.{value.__name__}"
    module = getattr(value, "__module__", None)
    return value.__qualname__ if module in (None, "builtins") else f"{module}.{value.__qualname__}"


def _dataclass(value: Any, above: tuple[int, ...]) -> str:
    shown = {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.repr}
    return f"{type(value).__qualname__}({_named_items(shown, above)})"


def _estimator(value: Any, above: tuple[int, ...]) -> str:
    """The class and the params that differ from its defaults, as scikit-learn shows them."""
    defaults = _defaults(type(value))  # type: ignore[arg-type]  # classes can be hashed
    params = value.get_params(deep=False)
    shown = [
        f"{name}={written}"
        for name, param in params.items()
        if (written := _text(param, above)) != defaults.get(name, "None")
    ]
    return f"{type(value).__qualname__}({', '.join(shown)})"


@functools.lru_cache(256)
def _defaults(kind: type) -> Mapping[str, str]:
    """The text of each default that the class's constructor has."""
    parameters = inspect.signature(kind).parameters.values()
    return {one.name: text(one.default) for one in parameters if one.default is not one.empty}


def _generic(value: object, above: tuple[int, ...]) -> str:
    kind = type(value)
    if kind.__repr__ is object.__repr__:
        return f"<{kind.__module__}.{kind.__qualname__} object>"
    return _ADDRESS.sub("", repr(value))


def _of_numpy(value: Any) -> _Writer | None:
    numpy = sys.modules["numpy"]
    if isinstance(value, numpy.generic):
        return _numpy_scalar
    if isinstance(value, numpy.ndarray):
        return _array
    if isinstance(value, numpy.ufunc):
        return lambda value, above: f"numpy.{value.__name__}"
    return None


def _numpy_scalar(value: Any, above: tuple[int, ...]) -> str:
    plain = value.item()  # dates, records and long doubles have no plain form
    return _text(plain, above) if type(plain) in (bool, int, float, complex, str, bytes) else str(value)


def _array(value: Any, above: tuple[int, ...]) -> str:
    if value.size <= _SMALL_ARRAY:
        return f"array({_text(value.tolist(), above)})"
    return _summary(value, above)


def _summary(value: Any, above: tuple[int, ...]) -> str:
    """Shape, dtype and digest of what is too large to write."""
    from .content import content_digest

    parts = [f"shape={_text(tuple(value.shape), above)}"]
    if (dtype := getattr(value, "dtype", None)) is not None:
        parts.append(f"dtype={dtype}")
    return f"{type(value).__qualname__}({', '.join(parts)}, digest={content_digest(value)[:8]})"


def _of_tables(value: Any) -> _Writer | None:
    return _summary if hasattr(value, "shape") else None


def _of_scipy(value: Any) -> _Writer | None:
    if hasattr(value, "dist") and hasattr(value, "kwds"):
        return _distribution
    return _of_tables(value)


def _distribution(value: Any, above: tuple[int, ...]) -> str:
    """A frozen distribution of scipy.stats: ``loguniform(0.01, 10)``."""
    parts = [_items(value.args, above), _named_items(value.kwds, above)]
    return f"{value.dist.name}({', '.join(filter(None, parts))})"


_BUILTIN: tuple[tuple[Any, _Writer], ...] = (
    (enum.Enum, _enum),
    (str, lambda value, above: repr(str(value))),
    ((list, tuple), _sequence),
    (Mapping, _mapping),
    (Set, _set),
    ((bytes, bytearray), _bytes),
    ((datetime.date, datetime.time), lambda value, above: value.isoformat()),
    (datetime.timedelta, lambda value, above: str(value)),
    (os.PathLike, lambda value, above: os.fsdecode(value)),
    (functools.partial, _partial),
    (types.GenericAlias, _generic),  # list[int] has the name of list
)
_LIBRARIES: Mapping[str, Callable[[Any], _Writer | None]] = {
    "numpy": _of_numpy,
    "scipy": _of_scipy,
    "pandas": _of_tables,
    "polars": _of_tables,
    "torch": _of_tables,
    "pyarrow": _of_tables,
}
