"""Predictions as columns of a table, beside those of the input that are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from ..predictor import Predictor
from ..schema import SchemaError


def answer(predictor: Predictor, rows: pa.Table, kept: Sequence[str] | None, first: int) -> pa.Table:
    """What the model says about a chunk, with the columns ``kept`` (None: all) before it.

    ``first`` is the chunk's place in the whole table: a SchemaError names rows by it.
    """
    names = rows.column_names if kept is None else list(kept)
    missing = [name for name in names if name not in rows.column_names]
    if missing:
        raise SchemaError(f"there is no column {missing[0]!r} to keep")
    try:
        predictions = predictor.predict(rows.to_pandas())
    except SchemaError as error:
        if error.row is None:
            raise
        raise SchemaError(error.problem, column=error.column, row=error.row + first) from None
    columns = as_columns(predictions)
    clash = [name for name in names if name in columns]
    if clash:
        raise SchemaError(f"the input has a column {clash[0]!r} as the predictions have; do not keep it")
    answered = {**{name: rows.column(name) for name in names}, **columns}
    lengths = {len(column) for column in columns.values()}
    if lengths != {rows.num_rows}:
        raise ValueError(f"the model gives {sorted(lengths)} predictions for {rows.num_rows} rows")
    return pa.table(answered)


def as_columns(predictions: Any) -> dict[str, pa.Array]:
    """Named columns: a table's own, ``prediction`` for one value a row, ``prediction_0…`` for several."""
    if hasattr(predictions, "iloc") and hasattr(predictions, "columns"):
        return {str(name): _array(predictions[name]) for name in predictions.columns}
    if isinstance(predictions, Mapping):
        return {str(name): _array(values) for name, values in predictions.items()}
    if hasattr(predictions, "detach"):
        predictions = predictions.detach().cpu().numpy()
    if hasattr(predictions, "toarray"):
        predictions = predictions.toarray()
    if getattr(predictions, "ndim", 1) == 2:
        return {f"prediction_{place}": _array(predictions[:, place]) for place in range(predictions.shape[1])}
    return {"prediction": _array(predictions)}


def _array(values: Any) -> pa.Array:
    if getattr(values, "ndim", 1) > 1:  # a list for each row
        values = values.tolist()
    return pa.array(values, from_pandas=True)
