"""What a training read: shape, types, gaps, class balance, and a digest of the content."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .content import content_digest, is_mapping, readable, size_of
from .digest import FULL, blocks
from .tables import columns_of, count_missing, is_column, opened
from .target import balance
from .text import clean

_MOST_COLUMNS = 200
_LOOKED_AT = 100  # items of a list that its element type is told by


@dataclass(frozen=True)
class DataFacts:
    """``digest`` is of data and target together, "" where the data cannot be looked at.

    ``facts`` is ready for JSON; its own ``digest`` is of the data without the target.
    """

    digest: str
    facts: Mapping[str, Any]


def describe(data: object, target: object = None) -> DataFacts:
    """Facts about ``data`` and ``target``: kind, shape, dtype, columns, nbytes, missing, digest.

    Never raises, changes nothing and draws no random number. What cannot be found out is
    left out; of an object of unknown kind only its type's name stays. What the digest
    covers is written in `digest`. What somebody described already stays as it is.
    """
    if isinstance(data, DataFacts):
        return data
    facts = _facts(data)
    digest = facts.get("digest", "")
    if target is not None:
        facts["target"] = {**_facts(target), **_guarded(balance, target, {})}
        if digest and (other := facts["target"].get("digest")):
            digest = content_digest([digest, other])
    return DataFacts(digest, facts)


def _guarded(find: Callable[[Any], Any], data: object, otherwise: Any = None) -> Any:
    try:
        return find(data)
    except Exception:  # noqa: BLE001 - objects of users can raise anything anywhere
        return otherwise


def _facts(data: object) -> dict[str, Any]:
    facts: dict[str, Any] = {"kind": type(data).__name__}
    known = _guarded(readable, data, False)
    if known or _is_tensor(data):
        facts |= {"shape": _guarded(_shape, data), "dtype": _guarded(_dtype, data)}
    if known:
        data = opened(data)
        size = _guarded(size_of, data, 0)
        facts |= {"columns": _guarded(_columns, data), "nbytes": size or None}
        facts |= _guarded(_missing, data, {}) if size <= FULL else {}
        facts["digest"] = _guarded(content_digest, data) or None
    return {name: fact for name, fact in facts.items() if fact is not None}


def _is_tensor(data: object) -> bool:
    """On whatever device, or still to be computed: shape and type are known without waiting for it."""
    kinds = (
        getattr(sys.modules.get(module), name, None)
        for module, name in (("torch", "Tensor"), ("dask.array", "Array"))
    )
    return any(kind is not None and isinstance(data, kind) for kind in kinds)


def _shape(data: Any) -> list[int] | None:
    if is_mapping(data):
        return None
    if not isinstance(data, list | tuple):
        return [int(n) for n in data.shape] if hasattr(data, "shape") else [len(data)]
    nested = bool(data) and not isinstance(data[0], str | bytes | Mapping) and hasattr(data[0], "__len__")
    return [len(data), len(data[0])] if nested else [len(data)]


def _dtype(data: Any) -> str | None:
    """The element type; of a list the types of its first items."""
    if isinstance(data, list | tuple):
        return ", ".join(sorted({type(item).__name__ for item in data[:_LOOKED_AT]})) or None
    dtype = getattr(data, "dtype", getattr(data, "type", None))
    return None if dtype is None else str(dtype)


def _columns(data: Any) -> dict[str, str] | None:
    """Types by column name, for the first columns."""
    columns = data.items() if is_mapping(data) else columns_of(data)
    if columns is None:
        return None
    first = (pair for pair, _ in zip(columns, range(_MOST_COLUMNS), strict=False))
    return {clean(str(name)): _dtype(column) or type(column).__name__ for name, column in first}


def _missing(data: Any) -> dict[str, Any]:
    """``missing``: how many values; of a table also which columns have how many."""
    columns = columns_of(data)
    if columns is None:
        count = _count_missing(data)
        return {} if count is None else {"missing": count}
    counts = {clean(str(name)): _count_missing(column) for name, column in columns}
    some = [(name, count) for name, count in counts.items() if count]
    return {
        "missing": sum(count for _, count in some),
        "missing_by_column": dict(some[:_MOST_COLUMNS]) or None,
    }


def _count_missing(data: Any) -> int | None:
    """NaN, NaT and null; None for data that has no such thing or is not looked through."""
    numpy = sys.modules.get("numpy")
    if is_column(data):
        values = data.to_numpy() if numpy and isinstance(getattr(data, "dtype", None), numpy.dtype) else None
        return count_missing(data) if values is None or values.dtype.hasobject else _count_missing(values)
    data = getattr(data, "data", data) if hasattr(data, "nnz") else data
    if numpy is None or not isinstance(data, numpy.ndarray):
        return None
    if data.dtype.kind in "biu":
        return 0
    if data.dtype.kind not in "fcmM":
        return None
    return _count_nan(numpy, numpy.asarray(data))


def _count_nan(numpy: Any, array: Any) -> int:
    """A finite sum has no NaN in it, and takes neither time nor memory."""
    if array.dtype.kind == "f":
        with numpy.errstate(all="ignore"):
            if math.isfinite(array.sum()):
                return 0
    find = numpy.isnat if array.dtype.kind in "mM" else numpy.isnan
    return sum(int(find(block).sum()) for block in blocks(array))
