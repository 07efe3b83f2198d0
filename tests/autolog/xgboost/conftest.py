"""Recording into a store of the test's own, and reading it back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost

import autolog

Runs = Callable[..., list[Any]]


@pytest.fixture
def runs() -> Runs:
    """Gives all runs so far, the oldest first. Recording is on for all frameworks, or for those named."""
    autolog.enable(store="runs", silent=True)
    return lambda: list(reversed(autolog.search_runs(store="runs"))) if Path("runs").exists() else []


@pytest.fixture(scope="session")
def rows() -> tuple[np.ndarray, np.ndarray]:
    X = np.random.RandomState(0).random_sample((90, 4))
    return X, (X[:, 0] + 0.3 * X[:, 1] > 0.6).astype(int)


@pytest.fixture
def matrices(rows: tuple[np.ndarray, np.ndarray]) -> tuple[xgboost.DMatrix, xgboost.DMatrix]:
    """For training and for validation."""
    X, y = rows
    return xgboost.DMatrix(X[:60], y[:60]), xgboost.DMatrix(X[60:], y[60:])


PARAMS = {"objective": "binary:logistic", "max_depth": 2, "eta": 0.5, "nthread": 1}
