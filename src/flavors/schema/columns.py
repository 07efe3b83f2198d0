"""One column of a table, brought into the form that the model knew in training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .errors import SchemaError, problem
from .tensors import narrowed
from .types import Array, Column, Map, Object
from .values import Unfit, as_date, fitted, shown


def column_of(values: Any, column: Column) -> Any:
    if column.dtype:
        return _exact(values, column)
    if isinstance(column.type, (Array, Object, Map)):
        return _each(values, column, lambda value: fitted(value, column.type))
    return _PLAIN.get(column.type, _as_it_is)(values, column)


def _each(values: Any, column: Column, convert: Callable[[Any], Any]) -> Any:
    """Every value by itself; missing ones stay where the column may have some."""
    import pandas as pd

    ready = []
    for row, (value, gone) in enumerate(zip(values, values.isna(), strict=True)):
        try:
            if gone and column.required:
                raise Unfit("is missing")
            ready.append(None if gone else convert(value))
        except Unfit as unfit:
            raise SchemaError(problem(unfit), column=column.name, row=row) from None
    return pd.Series(ready, index=values.index, name=values.name, dtype=object)


def _as_it_is(values: Any, column: Column) -> Any:
    return values


def _text(values: Any, column: Column) -> Any:
    from pandas.api.types import infer_dtype

    if values.dtype.name == "category":
        values = values.astype(values.dtype.categories.dtype)
    if values.dtype != object and values.dtype.kind not in "OUT":
        if len(values):
            raise SchemaError(f"{shown(values.iloc[0])} is no text", column=column.name, row=0)
        return values.astype(object)
    if values.dtype == object and infer_dtype(values, skipna=True) not in ("string", "empty"):
        _each(values, replace(column, required=False), lambda value: fitted(value, "string"))
    return values


def _bytes(values: Any, column: Column) -> Any:
    return _each(values, column, lambda value: fitted(value, "binary"))


def _times(values: Any, column: Column) -> Any:
    import pandas as pd

    if values.dtype.kind == "M":
        if getattr(values.dtype, "tz", None) is not None:
            raise SchemaError(_ZONE, column=column.name)
        return values
    present = _each(values, replace(column, required=False), lambda value: fitted(value, "datetime"))
    if any(getattr(value, "tzinfo", None) is not None for value in present):
        raise SchemaError(_ZONE, column=column.name)
    try:
        return pd.to_datetime(present)
    except pd.errors.OutOfBoundsDatetime as error:
        raise SchemaError(str(error), column=column.name) from None


_ZONE = "its times have a zone, and those of the training had none"


def _numbers(dtype: str) -> Callable[[Any, Column], Any]:
    def numbers(values: Any, column: Column) -> Any:
        if values.dtype == dtype:
            return values
        kind = "b" if values.dtype.name == "boolean" else values.dtype.kind
        if kind in "iuf" and not hasattr(values.dtype, "numpy_dtype"):
            return narrowed(values, dtype, column.name)
        loose = replace(column, required=False)
        checked = _each(values, loose, lambda value: fitted(value, column.type))
        return narrowed(checked.astype("float64"), dtype, column.name)

    return numbers


def _wholes(dtype: str) -> Callable[[Any, Column], Any]:
    """Integers. A column that may lack some is one of floats then, as pandas makes it of such data."""

    def wholes(values: Any, column: Column) -> Any:
        if values.dtype == dtype:
            return values
        if values.dtype.kind == "i" and values.dtype.itemsize <= int(dtype[3:]) // 8:
            return values if hasattr(values.dtype, "numpy_dtype") else values.astype(dtype)
        checked = _each(values, column, lambda value: fitted(value, column.type))
        return checked.astype("float64" if checked.isna().any() else dtype)

    return wholes


def _flags(values: Any, column: Column) -> Any:
    if values.dtype == bool:
        return values
    checked = _each(values, column, lambda value: fitted(value, "boolean"))
    return checked if checked.isna().any() else checked.astype(bool)


_PLAIN: dict[Any, Callable[[Any, Column], Any]] = {
    "boolean": _flags,
    "integer": _wholes("int32"),
    "long": _wholes("int64"),
    "float": _numbers("float32"),
    "double": _numbers("float64"),
    "string": _text,
    "binary": _bytes,
    "datetime": _times,
}


def _exact(values: Any, column: Column) -> Any:
    """A column of which pandas' name says more than MLflow's type. A new category becomes a missing one."""
    import pandas as pd

    if column.dtype == "category" and column.categories:
        kind = pd.CategoricalDtype(list(column.categories))
        return values if values.dtype == kind else values.where(values.isin(kind.categories)).astype(kind)
    if str(values.dtype) == column.dtype:
        return values
    if column.dtype == "date":
        return _each(values, column, as_date)
    try:
        return _cast(values, column.dtype)
    except _UNFIT as error:
        row = next(
            (row for row in range(len(values)) if not _converts(values.iloc[[row]], column.dtype)), None
        )
        raise SchemaError(f"cannot be {column.dtype}: {error}", column=column.name, row=row) from None


def _converts(values: Any, dtype: str) -> bool:
    try:
        _cast(values, dtype)
    except _UNFIT:
        return False
    return True


_UNFIT = (TypeError, ValueError, OverflowError)


def _cast(values: Any, dtype: str) -> Any:
    """Raises one of _UNFIT: pandas compares what it made with what it was given, after NumPy's warning."""
    import numpy as np

    with np.errstate(invalid="ignore"):
        return values.astype(dtype)
