"""Large models: no second copy in memory. Peaks are measured, seconds are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import LinearRegression

import autolog
from benchmarks.memory import growth

pytestmark = pytest.mark.slow

MEGABYTES = 240
ALLOWED = 60


class Keeper(BaseEstimator):
    """A class of the user's that keeps what it was given."""

    def __init__(self, held: Any = None) -> None:
        self.held = held


def numbers() -> Any:
    return np.random.default_rng(0).random((MEGABYTES << 7, 1 << 10))


def linear(coefficients: Any) -> LinearRegression:
    model = LinearRegression()
    model.coef_, model.intercept_ = coefficients, 0.0
    return model


@pytest.fixture(autouse=True)
def imported(tmp_path: Path) -> None:
    """So that no growth is that of an import."""
    autolog.save_model(Keeper(np.zeros((2, 2))), tmp_path / "small", input_example=[[1.0]])
    autolog.load_model(tmp_path / "small", trust=[f"{__name__}.Keeper"])


@pytest.mark.parametrize("order", ["C", "F", "strided"])
def test_arrays(order: str) -> None:
    held = numbers()
    held = {"C": held, "F": held.T, "strided": held[:, ::2]}[order]
    first, last = held.flat[0], held[-1, -1]
    model = linear(held)
    with growth() as saving:
        autolog.save_model(model, "model")
    size = held.nbytes / (1 << 20)
    del model, held
    with growth() as loading:
        loaded = autolog.load_model("model").coef_
    assert (loaded.flat[0], loaded[-1, -1]) == (first, last)
    assert saving.megabytes < ALLOWED
    assert loading.megabytes - size < ALLOWED


def test_a_class_of_the_users() -> None:
    """It is read again when it is saved."""
    model = Keeper(numbers())
    with growth() as saving:
        autolog.save_model(model, "model")
    assert saving.megabytes < ALLOWED


def test_bytes() -> None:
    model = linear(np.zeros(2))
    model.held_ = bytearray(MEGABYTES << 20)
    with growth() as saving:
        autolog.save_model(model, "bytes")
    del model
    with growth() as loading:
        loaded = autolog.load_model("bytes")
    assert len(loaded.held_) == MEGABYTES << 20
    assert saving.megabytes < ALLOWED
    assert loading.megabytes - MEGABYTES < ALLOWED
