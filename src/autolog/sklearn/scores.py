"""The usual scores, in plain numpy: the same numbers as `sklearn.metrics`, many times faster.

A function of `sklearn.metrics` spends about a millisecond on checking its input, once for
each score. Here the input is a model's own prediction, and it is looked at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .ranking import Ranking, rank, roc_auc

Array = NDArray[Any]


@dataclass(frozen=True)
class Coded:
    """Classes of rows as numbers: ``labels[true[i]]`` is the class of row i."""

    labels: Array
    true: NDArray[np.intp]
    predicted: NDArray[np.intp]


def coded(true: Array, predicted: Array, classes: Array | None = None) -> Coded:
    """Number the classes in the order of ``classes`` where those cover everything."""
    if classes is not None and len(classes):
        codes = _codes(true, classes), _codes(predicted, classes)
        if codes[0] is not None and codes[1] is not None:
            return Coded(classes, codes[0], codes[1])
    labels, codes_ = np.unique(np.concatenate([true, predicted]), return_inverse=True)
    codes_ = codes_.reshape(-1)
    return Coded(labels, codes_[: len(true)], codes_[len(true) :])


def _codes(values: Array, classes: Array) -> NDArray[np.intp] | None:
    """Positions of ``values`` in the sorted ``classes``; None where one is not there."""
    if (
        values.dtype.kind in "iu"
        and classes.dtype.kind in "iu"
        and classes[-1] == len(classes) - 1
        and len(values)
    ):
        # Numbered from 0 already, as most often; sorted and distinct as classes are.
        return (
            values.astype(np.intp)
            if values.min() >= 0 == classes[0] and values.max() < len(classes)
            else None
        )
    try:
        found = np.searchsorted(classes, values)
        found[found == len(classes)] = 0
        return found if np.array_equal(classes[found], values) else None
    except TypeError:  # values of kinds that have no common order
        return None


def classification(data: Coded, weight: Array | None = None) -> dict[str, float]:
    """``accuracy``, and ``precision``, ``recall`` and ``f1`` averaged by class frequency.

    As the functions of `sklearn.metrics` with ``average="weighted", zero_division=0``.
    """
    k = len(data.labels)
    hit = data.true == data.predicted
    hits = np.bincount(data.true[hit], None if weight is None else weight[hit], k)
    truth = np.bincount(data.true, weight, k)
    guesses = np.bincount(data.predicted, weight, k)
    return {"accuracy": float(hits.sum() / truth.sum()), **_averages(hits, truth, guesses)}


def multilabel(true: Array, predicted: Array) -> dict[str, float]:
    """The same for 0/1 indicators, shape (rows, labels); accuracy asks for whole rows."""
    true, predicted = true.astype(bool), predicted.astype(bool)
    accuracy = float((true == predicted).all(axis=1).mean())
    hits = (true & predicted).sum(axis=0)
    return {"accuracy": accuracy, **_averages(hits, true.sum(axis=0), predicted.sum(axis=0))}


def _averages(hits: Array, truth: Array, guesses: Array) -> dict[str, float]:
    share = truth / max(truth.sum(), 1e-300)
    return {
        "precision": float(share @ _ratio(hits, guesses)),
        "recall": float(share @ _ratio(hits, truth)),
        "f1": float(share @ _ratio(2 * hits, truth + guesses)),
    }


def _ratio(part: Array, whole: Array) -> Array:
    """``part / whole``, and 0 where there is no whole."""
    return np.divide(part, whole, out=np.zeros(len(whole)), where=whole != 0)


def log_loss(true: NDArray[np.intp], proba: Array, weight: Array | None = None) -> float:
    """Mean of -log(probability of the true class), as `sklearn.metrics.log_loss`."""
    eps = np.finfo(proba.dtype).eps
    of_truth = proba[np.arange(len(true)), true]
    return float(np.average(-np.log(np.clip(of_truth, eps, 1 - eps)), weights=weight))


def rankings(true: NDArray[np.intp], score: Array, weight: Array | None = None) -> dict[int, Ranking]:
    """One ranking for each class, by its column of ``score``; only class 1 when there are two.

    ``score`` is (rows,) or (rows, classes). Classes without both kinds of rows are left out.
    """
    if score.ndim == 1 or score.shape[1] == 2:
        columns = {1: score if score.ndim == 1 else score[:, 1]}
    else:
        columns = dict(enumerate(score.T))
    ranked = {k: rank(true == k, column, weight) for k, column in columns.items()}
    return {k: ranking for k, ranking in ranked.items() if ranking.usable}


def mean_roc_auc(by_class: dict[int, Ranking]) -> float:
    """As `sklearn.metrics.roc_auc_score` with ``multi_class="ovr", average="weighted"``."""
    areas = [roc_auc(ranking) for ranking in by_class.values()]
    return float(np.average(areas, weights=[ranking.hits[-1] for ranking in by_class.values()]))


def regression(true: Array, predicted: Array, weight: Array | None = None) -> dict[str, float]:
    """``r2`` and mean errors; of several outputs the plain mean, as `sklearn.metrics` does."""
    true = np.asarray(true, dtype=np.float64).reshape(len(true), -1)
    error = true - np.asarray(predicted, dtype=np.float64).reshape(true.shape)
    squared = np.average(error**2, axis=0, weights=weight)
    spread = np.average((true - np.average(true, axis=0, weights=weight)) ** 2, axis=0, weights=weight)
    scores = {
        "mean_squared_error": float(squared.mean()),
        "root_mean_squared_error": float(np.sqrt(squared).mean()),
        "mean_absolute_error": float(np.average(np.abs(error), axis=0, weights=weight).mean()),
    }
    return scores if len(true) < 2 else {"r2": float(_explained(squared, spread).mean()), **scores}


def _explained(squared: Array, spread: Array) -> Array:
    """Share of the spread that is explained; a constant target is explained wholly or not."""
    constant = spread == 0
    return np.where(constant, np.where(squared == 0, 1.0, 0.0), 1 - squared / np.where(constant, 1, spread))


def silhouette(rows: Array, labels: Array) -> float | None:
    """As `sklearn.metrics.silhouette_score` (Euclidean). Memory: rows squared, so give few.

    None unless there are between 2 and rows - 1 clusters.
    """
    names, codes = np.unique(labels, return_inverse=True)
    if not 2 <= len(names) < len(rows):
        return None
    rows = np.asarray(rows, dtype=np.float64)
    members = codes.reshape(-1, 1) == np.arange(len(names))
    size = members.sum(axis=0)
    to_cluster = _distances(rows) @ members.astype(np.float64)  # (rows, clusters): summed distances
    own = to_cluster[members] / np.maximum(size - 1, 1)[codes]
    nearest = np.where(members, np.inf, to_cluster / size).min(axis=1)
    widest = np.maximum(own, nearest)
    score = np.divide(nearest - own, widest, out=np.zeros(len(rows)), where=widest > 0)
    return float(np.where(size[codes] == 1, 0.0, score).mean())


def _distances(rows: Array) -> Array:
    squares = (rows**2).sum(axis=1)
    between = squares[:, None] + squares[None, :] - 2 * rows @ rows.T
    np.fill_diagonal(between, 0.0)
    distances: Array = np.sqrt(np.maximum(between, 0.0))
    return distances
