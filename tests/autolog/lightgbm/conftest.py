"""Recording into a store of the test's own, and reading it back."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest

import autolog

Runs = Callable[..., list[Any]]


@pytest.fixture
def runs() -> Runs:
    """Gives all runs so far, the oldest first. Recording is on for all frameworks, or for those named."""
    autolog.enable(store="runs", silent=True)
    return lambda: list(reversed(autolog.search_runs(store="runs"))) if Path("runs").exists() else []


def evals(X: Any, y: Any) -> dict[str, Any]:
    """One evaluation set, as this version of LightGBM wants it."""
    if "eval_X" in inspect.signature(lightgbm.LGBMModel.fit).parameters:
        return {"eval_X": X, "eval_y": y}
    return {"eval_set": [(X, y)]}


@pytest.fixture(scope="session")
def rows() -> tuple[np.ndarray, np.ndarray]:
    X = np.random.RandomState(0).random_sample((90, 4))
    return X, (X[:, 0] + 0.3 * X[:, 1] > 0.6).astype(int)


@pytest.fixture
def sets(rows: tuple[np.ndarray, np.ndarray]) -> tuple[lightgbm.Dataset, lightgbm.Dataset]:
    """For training and for validation."""
    X, y = rows
    train = lightgbm.Dataset(X[:60], y[:60], free_raw_data=False)
    return train, lightgbm.Dataset(X[60:], y[60:], reference=train, free_raw_data=False)


PARAMS = {
    "objective": "binary",
    "num_leaves": 4,
    "min_data_in_leaf": 3,
    "learning_rate": 0.5,
    "num_threads": 1,
    "verbose": -1,
}
