"""What a model's features are worth to it: importances and coefficients, as tables.

``feature_importances.json``: columns ``feature``, ``importance``, of boosted models also each
type of importance; the largest first.
``coefficients.json``: columns ``feature`` and ``coefficient``, or one column for each class
or target; the largest first, the row ``(intercept)`` last. Both at most `MOST_ROWS` features.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..boosting import importances_of
from .asking import Array
from .eligible import last_step, model_inside, state_of

Table = dict[str, list[Any]]
"""Column name to values."""

MOST_ROWS = 1_000
MOST_COLUMNS = 100


def importances(estimator: Any) -> Table | None:
    """None for a model that has none."""
    values = getattr(model_inside(estimator), "feature_importances_", None)
    if not isinstance(values, np.ndarray) or values.ndim != 1 or not len(values):
        return None
    order = np.argsort(-values, kind="stable")[:MOST_ROWS]
    table: Table = {"feature": _names(estimator, order, len(values)), "importance": values[order].tolist()}
    for kind, scores in importances_of(model_inside(estimator)).items():
        table[kind] = [scores[i] for i in order]
    return table


def coefficients(estimator: Any) -> Table | None:
    """None for a model that is not linear in its features."""
    model = model_inside(estimator)
    values = _dense(state_of(model).get("coef_"))
    if values is None:
        return None
    order = np.argsort(-np.abs(values).max(axis=0), kind="stable")[:MOST_ROWS]
    columns = _columns(model, len(values))
    table: Table = {"feature": _names(estimator, order, values.shape[1])}
    table.update(zip(columns, values[:, order].tolist(), strict=True))
    intercept = np.broadcast_to(np.asarray(state_of(model).get("intercept_", 0.0), dtype=float), len(values))
    for column, value in zip(("feature", *columns), ("(intercept)", *intercept.tolist()), strict=True):
        table[column].append(value)
    return table


def _dense(values: Any) -> Array | None:
    """``coef_`` as (outputs, features). A sparse one is as small as the model itself."""
    if hasattr(values, "toarray") and values.shape[0] * values.shape[1] <= 1_000_000:
        values = values.toarray()
    if not isinstance(values, np.ndarray) or values.dtype.kind != "f" or not values.size or values.ndim > 2:
        return None
    values = values.reshape(-1, values.shape[-1])
    return values if len(values) <= MOST_COLUMNS else None


def _columns(model: Any, outputs: int) -> list[str]:
    if outputs == 1:
        return ["coefficient"]
    classes = getattr(model, "classes_", None)
    if classes is not None and len(classes) == outputs:
        return [str(name) for name in classes]
    return [f"coefficient {i}" for i in range(outputs)]


def _names(estimator: Any, order: Array, n: int) -> list[str]:
    names = _feature_names(estimator)
    if names is None or len(names) != n:
        return [f"x{i}" for i in order]
    return [str(names[i]) for i in order]


def _feature_names(estimator: Any) -> Any:
    """Names of what arrives at the model: a pipeline's steps before it rename the columns."""
    estimator = state_of(estimator).get("best_estimator_", estimator)
    if last_step(estimator) is not estimator and len(estimator.steps) > 1:
        try:
            return estimator[:-1].get_feature_names_out()
        except Exception:  # noqa: BLE001 - a step that cannot say what it makes
            return None
    return getattr(model_inside(estimator), "feature_names_in_", None)
