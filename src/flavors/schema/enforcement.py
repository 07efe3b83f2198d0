"""Data brought into the form that a signature asks for, or refused with the column and the row.

Nothing is guessed: numbers are not read from text, nor cut to fit. What a table has beside
the model's columns is left out, as MLflow does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...tracking.tables import library_of
from .columns import column_of
from .errors import SchemaError, choice, problem
from .tensors import tensors_of
from .types import Array, Column, Param, Specs, Tensor
from .values import Unfit, fitted


def enforce(data: Any, specs: Specs) -> Any:
    """``data`` as the model takes it: a DataFrame for columns, an array (or a dict of arrays) for tensors.

    Takes DataFrames, arrays, dicts of columns and lists of dicts (rows). Raises SchemaError.
    What already has the right form is passed on as it is.
    """
    if specs and isinstance(specs[0], Tensor):
        return tensors_of(data, specs)
    return _table(data, specs)  # type: ignore[arg-type]


def enforce_params(given: Mapping[str, Any] | None, params: Sequence[Param]) -> dict[str, Any]:
    """The settings of a prediction, with defaults for those that are not given. Raises SchemaError."""
    known = {param.name: param for param in params}
    for name in given or {}:
        if name not in known:
            raise SchemaError(f"the model has no param {name!r}; {choice(name, known)}")
    values = {**{param.name: param.default for param in params}, **(given or {})}
    return {name: _param(value, known[name]) for name, value in values.items()}


def _param(value: Any, param: Param) -> Any:
    if value is None and param.default is None:
        return None
    try:
        return fitted(value, param.type if param.shape is None else Array(param.type))
    except Unfit as unfit:
        raise SchemaError(f"param {param.name!r}: {problem(unfit)}") from None


def _table(data: Any, columns: tuple[Column, ...]) -> Any:
    import pandas as pd

    frame = _frame(data, columns)
    found = {str(name): name for name in frame.columns}
    missing = [column.name for column in columns if column.required and str(column.name) not in found]
    if missing:
        names = ", ".join(map(repr, missing))
        are = f"column {names} is" if len(missing) == 1 else f"columns {names} are"
        raise SchemaError(f"the model's {are} missing; {choice(str(missing[0]), found)}")
    given = {spec.name: frame[found[str(spec.name)]] for spec in columns if str(spec.name) in found}
    ready = {spec.name: column_of(given[spec.name], spec) for spec in columns if spec.name in given}
    if list(ready) == list(frame.columns) and all(ready[name] is given[name] for name in ready):
        return frame
    return pd.DataFrame(ready, index=frame.index)


def _frame(data: Any, columns: tuple[Column, ...]) -> Any:
    """A DataFrame of whatever holds a table; columns without names get the model's."""
    if library_of(data) in ("polars", "pyarrow"):
        data = data.to_pandas()
    if hasattr(data, "iloc") and hasattr(data, "columns"):
        frame, is_named = data, True
    else:
        frame = table_of(data)
        is_named = isinstance(data, Mapping) or bool(
            isinstance(data, list) and data and isinstance(data[0], Mapping)
        )
    if is_named and columns[0].name is not None:
        return frame
    if frame.shape[1] != len(columns):
        raise SchemaError(f"the model takes {len(columns)} columns, and this is a table of {frame.shape[1]}")
    return frame.set_axis([column.name for column in columns], axis=1)


def table_of(data: Any, columns: list[str] | None = None) -> Any:
    """A DataFrame of arrays, dicts of columns, or lists of rows. Raises SchemaError."""
    import pandas as pd

    try:
        return pd.DataFrame(data, columns=columns)
    except OverflowError:  # pandas before 3, of an integer beyond 64 bits
        return pd.DataFrame(data, columns=columns, dtype=object)
    except (TypeError, ValueError) as error:
        raise SchemaError(f"this is no table: {error}") from None
