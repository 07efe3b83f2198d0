"""What a fitted model says about itself: its attributes that tell something.

``fitted.json``: ``{"n_features": …, "features": […], "classes": […]}``, each only where
the model has it, lists at most `MOST_NAMES` long.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .described import HISTORIES, NUMBERS
from .eligible import state_of

MOST_NAMES = 1_000
MOST_STEPS = 10_000


def numbers(model: Any) -> dict[str, float]:
    """Single numbers."""
    state = state_of(model)
    found = {name.removesuffix("_"): _number(getattr(model, name, None)) for name in NUMBERS}
    return {name: value for name, value in {**found, **_derived(state)}.items() if value is not None}


def histories(model: Any) -> dict[str, list[float]]:
    """Numbers for each iteration, the first ones of very many."""
    state = state_of(model)
    series = {HISTORIES[name][0]: _series(state.get(name)) for name in HISTORIES if name in state}
    return {name: values for name, values in series.items() if values}


def facts(model: Any) -> dict[str, Any]:
    """What ``fitted.json`` holds."""
    features = getattr(model, "feature_names_in_", None)
    classes = getattr(model, "classes_", None)
    told = {
        "n_features": getattr(model, "n_features_in_", None),
        "features": None if features is None else list(features[:MOST_NAMES]),
        "classes": classes[:MOST_NAMES].tolist() if isinstance(classes, np.ndarray) else classes,
    }
    return {name: value for name, value in told.items() if value is not None}


def _derived(state: Mapping[str, Any]) -> dict[str, float | None]:
    tree, estimators = state.get("tree_"), state.get("estimators_")
    vectors, explained = state.get("support_vectors_"), state.get("explained_variance_ratio_")
    return {
        "n_support_vectors": None if vectors is None else float(vectors.shape[0]),
        "n_leaves": _number(getattr(tree, "n_leaves", None)),
        "depth": _number(getattr(tree, "max_depth", None)),
        "n_estimators": None if estimators is None else float(len(estimators)),
        "explained_variance_ratio": None if explained is None else float(np.sum(explained)),
    }


def _number(value: Any) -> float | None:
    """A number, or the largest of several; None for anything else."""
    if isinstance(value, bool) or value is None:
        return None
    array = np.asarray(value)
    return float(array.max()) if array.dtype.kind in "fiu" and 0 < array.size <= MOST_NAMES else None


def _series(value: Any) -> list[float]:
    array = np.asarray(value)
    return array[:MOST_STEPS].tolist() if array.dtype.kind in "fiu" and array.ndim == 1 else []
