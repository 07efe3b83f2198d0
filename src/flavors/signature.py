"""What a model takes and gives: columns with types, or tensors with shapes, in MLflow's words.

Read off the types of a few rows. Where MLflow's types cannot say what a column is, the
column is declared `any`, which MLflow passes on untouched, and a note says what it was:
a narrower type that does not fit would make MLflow refuse or change good data.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Column:
    """One column of a table.

    ``type``: boolean, integer, long, float, double, string, binary, datetime or any.
    """

    type: str
    name: str | int | None = None
    required: bool = True

    def to_mlflow(self) -> dict[str, Any]:
        name = {} if self.name is None else {"name": self.name}
        return {"type": self.type, **name, "required": self.required}


@dataclass(frozen=True)
class Tensor:
    """An array. ``dtype``: NumPy's name for it; ``shape``: -1 where any length will do."""

    dtype: str
    shape: tuple[int, ...]

    def to_mlflow(self) -> dict[str, Any]:
        return {"type": "tensor", "tensor-spec": {"dtype": self.dtype, "shape": list(self.shape)}}


Specs = tuple[Column, ...] | tuple[Tensor]


@dataclass(frozen=True)
class Signature:
    """What goes in and what comes out; None where it is unknown. ``notes``: what the types cannot say."""

    inputs: Specs | None
    outputs: Specs | None = None
    notes: tuple[str, ...] = ()

    def to_mlflow(self) -> dict[str, str | None]:
        """The section of MLmodel: JSON texts inside of YAML."""
        return {"inputs": _dump(self.inputs), "outputs": _dump(self.outputs), "params": None}

    @classmethod
    def from_mlflow(cls, section: Mapping[str, Any], notes: Iterable[str] = ()) -> Signature:
        """Raises ValueError for a section that is no signature."""
        return cls(_parse(section.get("inputs")), _parse(section.get("outputs")), tuple(notes))


def infer(example: Any, prediction: Any = None) -> Signature | None:
    """The signature of a model, from rows that it takes and what it says about them.

    None when the rows are of a kind that no signature can describe; they should be few,
    since objects are looked at one by one.
    """
    notes: list[str] = []
    inputs = _specs(example, notes, "input")
    outputs = _specs(prediction, notes, "output") if prediction is not None else None
    if inputs is None and not notes:
        return None
    return Signature(inputs, outputs, tuple(notes))


def _specs(data: Any, notes: list[str], what: str) -> Specs | None:
    if hasattr(data, "iloc") and hasattr(data, "columns"):
        return _table(data, notes, what)
    if hasattr(data, "iloc"):
        return (_column(data, data.name, notes, what),)
    if hasattr(data, "indptr"):
        return (Tensor(data.dtype.name, (-1, *data.shape[1:])),)
    return _tensor(data, notes, what)


def _tensor(data: Any, notes: list[str], what: str) -> tuple[Tensor] | None:
    array = as_array(data)
    if array is None:
        notes.append(f"the {what} is a {type(data).__name__} that no signature describes")
        return None
    name = {"U": "str", "S": "bytes"}.get(array.dtype.char, array.dtype.name)
    return (Tensor(name, (-1, *array.shape[1:])),)


def as_array(data: Any) -> Any:
    """Arrays as they are, and lists that are arrays in all but name; None for anything else.

    MLflow would call a list of texts a table with one column, and hand the model a table.
    """
    import numpy as np

    if isinstance(data, np.ndarray):
        return data if data.ndim else None
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
    missing = bool(column.isna().any())
    kind = _type(column)
    plain_name = name if isinstance(name, (str, int, type(None))) else str(name)
    if kind is None:
        notes.append(f"{what} column {plain_name!r} is {_described(column)}, which is 'any' for MLflow")
        return Column("any", plain_name, required=False)
    return Column(kind, plain_name, required=not missing or plain_name is None)


def _type(column: Any) -> str | None:
    """MLflow's type of a pandas column, or None if it has none that fits."""
    dtype = column.dtype
    if type(dtype).__module__.startswith("numpy"):
        return _numpy_type(dtype, column)
    return "string" if dtype.name in ("str", "string") else None


def _numpy_type(dtype: Any, column: Any) -> str | None:
    size = dtype.itemsize
    match dtype.kind:
        case "b":
            return "boolean"
        case "i":
            return "integer" if size <= 4 else "long"
        case "u":
            return "integer" if size < 4 else "long" if size < 8 else None
        case "f":
            return "float" if size <= 4 else "double" if size == 8 else None
        case "M":
            return "datetime"
        case "O":
            return _object_type(column)
    return None


def _object_type(column: Any) -> str | None:
    kinds = {type(value) for value in column.dropna()}
    if kinds == {str}:
        return "string"
    return "binary" if kinds and kinds <= {bytes, bytearray} else None


def _described(column: Any) -> str:
    if column.dtype != object:
        return f"of dtype {column.dtype}"
    kinds = sorted({type(value).__name__ for value in column.dropna()})
    return f"of mixed or nested values ({', '.join(kinds)})" if kinds else "empty"


def _dump(specs: Specs | None) -> str | None:
    return None if specs is None else json.dumps([spec.to_mlflow() for spec in specs])


def _parse(text: str | None) -> Specs | None:
    if text is None:
        return None
    specs = json.loads(text)
    if specs and specs[0]["type"] == "tensor":
        spec = specs[0]["tensor-spec"]
        return (Tensor(spec["dtype"], tuple(spec["shape"])),)
    return tuple(Column(spec["type"], spec.get("name"), spec.get("required", True)) for spec in specs)
