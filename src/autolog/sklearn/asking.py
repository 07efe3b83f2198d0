"""Asking a fitted model about its own training rows, for no more than a budget of time.

The model predicts on a small sample first; from the time that took follows how many rows
it may be asked about.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .eligible import model_inside
from .rows import Data

T = TypeVar("T")
Array = NDArray[Any]

FIRST = 256
"""Rows of the first sample. Data of that size is always looked at whole."""

FIRST_LAZY = 16
"""The same for models that leave the work to prediction: neighbours, Gaussian processes."""

MOST = 100_000
"""Rows beyond which a score gets no better: its error is below 0.2 %."""

_PER_SCORE = 7e-8  # seconds that scoring takes for one row and class, measured
_PER_LOOK = 2e-4  # seconds that scikit-learn spends on any prediction, however few the rows
_FEW = 1_000  # rows of which a model may be lazy about 256
_LAZY = ("sklearn.neighbors", "sklearn.gaussian_process", "sklearn.semi_supervised")


@dataclass(frozen=True)
class Answers:
    """What a model says about some rows. ``scores``: probabilities, or else decision values."""

    data: Data
    true: Array
    predicted: Array
    scores: Array | None
    probable: bool

    @property
    def weight(self) -> Array | None:
        return None if self.data.weight is None else np.asarray(self.data.weight, dtype=np.float64)


def answers(estimator: Any, data: Data, budget: float, *, width: int, scored: bool) -> Answers:
    """Predictions for as many rows as ``budget`` seconds allow; with class scores if ``scored``.

    ``width`` is the number of classes: what is made of each row costs that much more.
    Raises what the model raises.
    """
    lazy = data.n > _FEW and type(model_inside(estimator)).__module__.startswith(_LAZY)
    return grow(
        data.n,
        FIRST_LAZY if lazy else FIRST,
        _PER_SCORE * width,
        budget,
        lambda step: _ask(estimator, data.every(step), scored),
    )


def grow(n: int, first: int, a_row_later: float, budget: float, look: Callable[[int], T]) -> T:
    """``look(step)``, at every step-th of ``n`` rows, for as many as ``budget`` seconds allow.

    Each row is taken to cost what it cost in the look before, and ``a_row_later`` seconds
    afterwards; so the budget holds unless the very first look exceeds it.
    """
    size, spent, last_size, last_took = min(n, first), 0.0, 0, _PER_LOOK
    while True:
        step = -(-n // size)
        began = perf_counter()
        seen = look(step)
        took = perf_counter() - began
        spent += took
        a_row = max((took - last_took) / (size - last_size), 0.25 * took / size) + a_row_later
        affordable = min(n, MOST, int(max(budget - spent, 0.0) / a_row))
        if step == 1 or affordable < min(2 * size, n):
            return seen
        size, last_size, last_took = affordable, size, took


def _ask(estimator: Any, data: Data, scored: bool) -> Answers:
    predicted = np.asarray(estimator.predict(data.X))
    true = np.asarray(data.y)
    if true.shape != predicted.shape and true.size == predicted.size:
        true = true.reshape(predicted.shape)
    if not scored:
        return Answers(data, true, predicted, None, False)
    proba = _scores(estimator, "predict_proba", data)
    decision = _scores(estimator, "decision_function", data) if proba is None else None
    return Answers(data, true, predicted, decision if proba is None else proba, proba is not None)


def _scores(estimator: Any, method: str, data: Data) -> Array | None:
    """An array of floats, (rows,) or (rows, classes); None from a model that has none."""
    try:
        values = np.asarray(getattr(estimator, method)(data.X))
    except (Exception, SystemExit):  # noqa: BLE001 - not there, or not with these params
        return None
    return values if values.dtype.kind == "f" and values.ndim <= 2 and len(values) == data.n else None
