"""The signature of a booster: what a DMatrix still knows of the table that it was made of."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xgboost

from ...flavors import Column, Signature, Tensor
from ..boosting import MOST_FEATURES
from ..seen import Seen

_TYPES = {"int": "long", "i": "boolean"}
"""MLflow's types for XGBoost's; all others are numbers, ``double``."""


def seen_of(matrix: Any) -> Seen | None:
    """Columns by their names, without them an array; None for what is no DMatrix.

    XGBoost counts missing values, but not by column: each column may have some, or none has.
    """
    if not isinstance(matrix, xgboost.DMatrix):
        return None
    width = matrix.num_col()
    if matrix.feature_names is None:
        inputs = Signature((Tensor("float32", (-1, width)),))
    else:
        inputs = _of_columns(matrix)
    return Seen(inputs, ask=lambda booster: _said(booster, width))


def _of_columns(matrix: Any) -> Signature:
    names = matrix.feature_names
    kinds = matrix.feature_types or ["q"] * len(names)
    whole = matrix.num_nonmissing() == matrix.num_row() * matrix.num_col()
    known = categories_of(matrix) or {}
    columns = tuple(
        _of_categories(name, known.get(name, ()))
        if kind == "c"
        else Column(_TYPES.get(kind, "double"), name, required=whole)
        for name, kind in zip(names, kinds, strict=True)
    )
    return Signature(columns, notes=tuple(_note(column) for column in columns if column.dtype))


def _of_categories(name: str, known: Sequence[Any]) -> Column:
    """``known`` may be no more than the first ones: then none are told, for the others would be missing."""
    categories = tuple(known) if len(known) < MOST_FEATURES else ()
    return Column("any", name, required=False, dtype="category", categories=categories)


def _note(column: Column) -> str:
    known = "" if column.categories else "; which categories it has is not known here"
    return f"input column {column.name!r} is of dtype category, which is 'any' for MLflow{known}"


def categories_of(held: Any) -> Mapping[str, list[Any]] | None:
    """The categories of each feature of a booster or DMatrix, where it keeps them and Arrow is at hand."""
    if "c" not in (held.feature_types or ()) or not hasattr(held, "get_categories"):
        return None
    if "pyarrow" not in sys.modules:
        return None
    kept = held.get_categories(export_to_arrow=True).to_arrow()
    return {name: values.to_pylist()[:MOST_FEATURES] for name, values in kept if values is not None}


def _said(booster: Any, width: int) -> Any:
    """A prediction of the usual form, of a row of zeros: a matrix may have none to give."""
    return booster.predict(xgboost.DMatrix(np.zeros((1, width), np.float32)), validate_features=False)
