"""How the values to be learned are spread: classes and how many of each, or a range."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from .digest import blocks
from .tables import columns_of, is_column, library_of
from .values import json_ready, param_value

MOST_CLASSES = 1000
_ALWAYS_CLASSES = 20  # so few different numbers are classes even of few rows
_MOST_COUNTED = 2_000_000  # values that are looked at one by one
_WIDEST = 100_000  # from the lowest to the highest label that is counted by position


def balance(target: Any) -> dict[str, Any]:
    """``{"classes": {"0": 50, "1": 50}}`` for classes, ``{"min", "max", "mean"}`` for numbers.

    Empty when it is neither, or too large to tell at little cost. Several outputs
    together have a range only.
    """
    target = _one_column(target)
    array = _as_array(target)
    if array is None:
        return _of_objects(_as_list(target))
    if array.dtype.kind == "b" and array.ndim == 1:
        ones = int(array.sum())
        return _classes({False: array.size - ones, True: ones})
    if array.dtype.kind in "iu":
        return (_of_integers(array) if array.ndim == 1 else {}) or _range(array)
    if array.dtype.kind == "f":
        return (_of_floats(array) if array.ndim == 1 else {}) or _range(array)
    return _of_objects(array.tolist()) if array.ndim == 1 and array.size <= _MOST_COUNTED else {}


def _one_column(target: Any) -> Any:
    columns = columns_of(target)
    if columns is None:
        return target
    first, *others = (column for _, column in columns)
    return target if others else first


def _as_array(target: Any) -> Any:
    """A numpy view of the values, or None where there is none without conversion."""
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy is None:
        return None
    if torch is not None and isinstance(target, torch.Tensor) and target.device.type == "cpu":
        target = target.detach().numpy()
    if library_of(target) == "pandas" and isinstance(getattr(target, "dtype", None), numpy.dtype):
        target = target.to_numpy()
    if not isinstance(target, numpy.ndarray):
        return None
    array = numpy.asarray(target)
    return array.reshape(-1) if array.ndim == 2 and array.shape[1] == 1 else array


def _as_list(target: Any) -> Any:
    """The values as Python objects; none where that is too much or cannot be done."""
    if isinstance(target, list | tuple):
        return target
    if not is_column(target) or len(target) > _MOST_COUNTED:
        return []
    for way in ("tolist", "to_list", "to_pylist"):  # pandas, polars, Arrow
        if hasattr(type(target), way):
            return getattr(target, way)()
    return []


def _of_integers(array: Any) -> dict[str, Any]:
    numpy = sys.modules["numpy"]
    if not array.size:
        return {}
    low, high = int(array.min()), int(array.max())
    if high - low > _WIDEST:
        return {}
    places = ((part - low).astype(numpy.intp) for part in blocks(array))
    counts = sum(numpy.bincount(part, minlength=high - low + 1) for part in places)
    labels = counts.nonzero()[0]
    if not _few(len(labels), array.size):
        return {}
    return _classes({int(label) + low: int(counts[label]) for label in labels})


def _of_floats(array: Any) -> dict[str, Any]:
    """Labels are often floats by accident (0.0, 1.0): a look at the first ones tells."""
    start = array[:1000]
    if not array.size or array.size > _MOST_COUNTED or not (start == start.round()).all():
        return {}
    counts = Counter(array.tolist())
    return _classes(counts) if len(counts) <= _ALWAYS_CLASSES else {}


def _of_objects(values: Any) -> dict[str, Any]:
    if not values or len(values) > _MOST_COUNTED:
        return {}
    if any(isinstance(value, float) and value != round(value) for value in values[:1000]):
        return {"min": min(values), "max": max(values), "mean": sum(values) / len(values)}
    counts = Counter(values)
    return _classes(counts) if _few(len(counts), len(values)) else {}


def _few(different: int, rows: int) -> bool:
    return different <= MOST_CLASSES and (different <= _ALWAYS_CLASSES or 2 * different <= rows)


def _classes(counts: Mapping[Any, int]) -> dict[str, Any]:
    return {"classes": {str(param_value(label)): counts[label] for label in _in_order(counts)}}


def _in_order(labels: Iterable[Any]) -> list[Any]:
    try:
        return sorted(labels)
    except TypeError:
        return sorted(labels, key=str)


def _range(array: Any) -> dict[str, Any]:
    if not array.size:
        return {}
    with sys.modules["numpy"].errstate(all="ignore"):
        numbers = {"min": array.min(), "max": array.max(), "mean": array.mean()}
    return {name: json_ready(number) for name, number in numbers.items()}
