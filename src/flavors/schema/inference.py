"""The signature of data that is there: read off its types, without a copy of it.

Where MLflow's types cannot say what a column is, MLflow is told `any`, which it passes on
untouched, our own reader is told pandas' name for it, and a note says so: a narrower type
that does not fit would make MLflow refuse or change good data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from ...tracking.tables import columns_of, count_missing, library_of
from .types import Array, Column, DataType, Object, Param, Property, Signature, Specs, Tensor

_LOOKED_AT = 1_000
"""Nested values of a column that are looked at: each is walked through in Python."""

_MOST_CATEGORIES = 1_000
_MOST_CELLS = 20_000_000
"""Cells of a table that are scanned for missing values: some 50 ms."""


def infer(data: Any, prediction: Any = None, params: Mapping[str, Any] | None = None) -> Signature | None:
    """The signature of a model, from data that it takes and what it says about some of it.

    ``params`` are settings of a prediction with their defaults. None when the data is of a
    kind that no signature can describe. A table is scanned once for missing values; the
    more of it is given, the truer the signature.
    """
    notes: list[str] = []
    inputs = _specs(data, notes, "input")
    if inputs is None and not notes:
        return None
    settings = tuple(_param(name, value) for name, value in (params or {}).items())
    found = Signature(inputs, None, settings, tuple(notes))
    return found if prediction is None else answered(found, prediction)


def answered(signature: Signature, prediction: Any) -> Signature:
    """The same signature, with what its model says about some rows."""
    notes = list(signature.notes)
    outputs = _specs(prediction, notes, "output")
    return replace(signature, outputs=outputs, notes=tuple(notes))


def _specs(data: Any, notes: list[str], what: str) -> Specs | None:
    if hasattr(data, "iloc") and hasattr(data, "columns"):
        return _table(data.iloc[: _MOST_CELLS // max(1, len(data.columns))], notes, what)
    if hasattr(data, "iloc"):
        return (_values(data),) if what == "input" else (_column(data, data.name, notes, what),)
    if library_of(data) in ("polars", "pyarrow"):
        return _foreign(data, notes, what)
    if hasattr(data, "indptr"):
        return (Tensor(data.dtype.name, (-1, *data.shape[1:])),)
    if isinstance(data, Mapping) and data and all(isinstance(name, str) for name in data):
        return _named_tensors(data, notes, what)
    if _is_array(data):
        return (_tensor(data),)
    some = _some(data)
    if isinstance(some, (list, tuple)) and some and all(isinstance(item, str) for item in some):
        return (Tensor("str", (-1,)),)  # in an array each would take the room of the longest
    array = as_array(some)
    if array is None:
        notes.append(f"the {what} is a {type(data).__name__} that no signature describes")
        return None
    return (_tensor(array),)


def _values(column: Any) -> Tensor:
    """A Series as what goes in: one value a row, such as a text. MLflow would hand the model a table."""
    known = type(column.dtype).__module__.startswith("numpy") and column.dtype.kind != "O"
    return Tensor(column.dtype.name if known else "object", (-1,))


def _foreign(data: Any, notes: list[str], what: str) -> tuple[Column, ...] | tuple[Tensor, ...] | None:
    """Of polars and Arrow: what pandas makes of the first rows, and the gaps that they count themselves."""
    few = data[:_LOOKED_AT].to_pandas()
    if not hasattr(few, "columns"):
        return (_values(few),)
    specs = _table(few, notes, what)
    gaps = {name: bool(count_missing(column)) for name, column in columns_of(data) or ()}
    return specs and tuple(
        replace(spec, required=spec.required and not gaps[spec.name], categories=()) for spec in specs
    )


def _is_array(data: Any) -> bool:
    """Arrays of any make whose dtype is NumPy's: nothing of their content is needed, nor read from a disk."""
    import numpy as np

    return isinstance(getattr(data, "dtype", None), np.dtype) and len(getattr(data, "shape", ())) > 0


def _some(data: Any) -> Any:
    """Of a list some items from all over it, of a tensor one row: all of them would have to be copied."""
    if isinstance(data, (list, tuple)):
        return data[:: len(data) // _LOOKED_AT + 1]
    return data[:1] if hasattr(data, "detach") and data.ndim else data


def _named_tensors(data: Mapping[str, Any], notes: list[str], what: str) -> tuple[Tensor, ...] | None:
    arrays = {name: as_array(value) for name, value in data.items()}
    missing = [name for name, array in arrays.items() if array is None]
    if missing:
        notes.append(f"the {what} {missing[0]!r} is no array: no signature")
        return None
    return tuple(_tensor(array, name) for name, array in arrays.items())


def _tensor(array: Any, name: str | None = None) -> Tensor:
    dtype = {"U": "str", "S": "bytes"}.get(array.dtype.char, array.dtype.name)
    return Tensor(dtype, (-1, *array.shape[1:]), name)


def as_array(data: Any) -> Any:
    """Arrays as they are, and lists that are arrays in all but name; None for anything else.

    MLflow would call a list of texts a table with one column, and hand the model a table.
    """
    import numpy as np

    if isinstance(data, np.ndarray):
        return data if data.ndim else None
    if hasattr(data, "detach") and hasattr(data, "numpy"):  # a tensor of torch
        return data.detach().cpu().numpy() if data.ndim else None
    try:
        array = np.asarray(data)
    except ValueError:  # lists of different lengths
        return None
    return array if array.ndim and array.dtype != object else None


def _table(data: Any, notes: list[str], what: str) -> tuple[Column, ...] | None:
    names = list(data.columns)
    if len(set(names)) < len(names) or not all(isinstance(name, (str, int)) for name in names):
        notes.append(f"the {what}'s column names are not unique, or not text: no signature")
        return None
    return tuple(_column(data[name], name, notes, what) for name in names)


def _column(column: Any, name: Any, notes: list[str], what: str) -> Column:
    name = name if isinstance(name, (str, int, type(None))) else str(name)
    missing = bool(column.isna().any())
    kind, dtype = _type(column)
    if kind == "any":
        notes.append(f"{what} column {name!r} is {_described(column)}, which is 'any' for MLflow")
    return Column(kind, name, name is None or not (missing or kind == "any"), dtype, _categories(column))


def _type(column: Any) -> tuple[DataType, str]:
    """MLflow's type of a pandas column, and pandas' name for it where that says more."""
    dtype = column.dtype
    if type(dtype).__module__.startswith("numpy"):
        kind = _object_type(column) if dtype.kind == "O" else _numpy_type(dtype)
        exact = "date" if kind == "any" and _inferred(column) == "date" else ""
        return kind, exact or (dtype.name if kind == "any" and dtype.kind != "O" else "")
    return ("string", "") if dtype.name in ("str", "string") else ("any", str(dtype))


def _numpy_type(dtype: Any) -> str:
    size = dtype.itemsize
    match dtype.kind:
        case "b":
            return "boolean"
        case "i":
            return "integer" if size <= 4 else "long"
        case "u":
            return "integer" if size < 4 else "long" if size < 8 else "any"
        case "f":
            return "float" if size <= 4 else "double" if size == 8 else "any"
        case "M":
            return "datetime"
    return "any"


def _object_type(column: Any) -> DataType:
    kind = _inferred(column)
    if kind in ("string", "bytes"):
        return {"string": "string", "bytes": "binary"}[kind]
    if kind != "mixed":
        return "any"
    return _merged([_value_type(value) for value in islice(column.dropna(), _LOOKED_AT)])


def _inferred(column: Any) -> str:
    from pandas.api.types import infer_dtype

    return str(infer_dtype(column, skipna=True))


def _value_type(value: Any) -> DataType:
    """The type of a value inside of a nested column."""
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            return "any"
        return Object(tuple(Property(key, _value_type(value[key])) for key in sorted(value)))
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        return Array(_merged([_value_type(item) for item in value]))
    if hasattr(value, "dtype") and value.ndim:
        return _of_array(value)
    return _scalar_type(value)


def _of_array(value: Any) -> DataType:
    kind: DataType = _numpy_type(value.dtype)
    if value.dtype.kind in "UO":
        kind = _merged([_value_type(item) for item in value.ravel().tolist()])
    for _ in range(value.ndim):
        kind = Array(kind)
    return kind


def _scalar_type(value: Any) -> str:
    if hasattr(value, "dtype"):
        return _numpy_type(value.dtype)
    names = {bool: "boolean", int: "long", float: "double", str: "string", bytes: "binary"}
    return names.get(type(value), "datetime" if hasattr(value, "hour") else "any")


def _merged(kinds: Sequence[DataType]) -> DataType:
    """One type for all of them: the same, or objects and arrays that agree where they overlap."""
    known = [kind for kind in dict.fromkeys(kinds) if kind != Array("any")] or list(dict.fromkeys(kinds))
    if len(known) == 1:
        return known[0]
    if known and all(isinstance(kind, Object) for kind in known):
        return _merged_objects(known)  # type: ignore[arg-type]
    if known and all(isinstance(kind, Array) for kind in known):
        items = _merged([kind.items for kind in known])  # type: ignore[union-attr]
        return "any" if items == "any" else Array(items)
    return "double" if set(known) == {"long", "double"} else "any"


def _merged_objects(kinds: Sequence[Object]) -> DataType:
    entries = [{entry.name: entry for entry in kind.properties} for kind in kinds]
    merged = []
    for name in sorted({name for held in entries for name in held}):
        found = [held[name] for held in entries if name in held]
        required = len(found) == len(entries) and all(entry.required for entry in found)
        merged.append(Property(name, _merged([entry.type for entry in found]), required))
    return Object(tuple(merged))


def _categories(column: Any) -> tuple[Any, ...]:
    found = getattr(column.dtype, "categories", None)
    if found is None or len(found) > _MOST_CATEGORIES:
        return ()
    values = found.tolist()
    return tuple(values) if all(isinstance(value, (str, int, float)) for value in values) else ()


def _described(column: Any) -> str:
    if column.dtype != object:
        return f"of dtype {column.dtype}"
    kinds = sorted({type(value).__name__ for value in islice(column.dropna(), _LOOKED_AT)})
    return f"of mixed values ({', '.join(kinds)})" if kinds else "empty"


def _param(name: str, value: Any) -> Param:
    if isinstance(value, (list, tuple)):
        kinds = {_scalar_type(item) for item in value}
        return Param(name, kinds.pop() if len(kinds) == 1 else "any", list(value), (-1,))
    return Param(name, "any" if value is None else _scalar_type(value), value)
