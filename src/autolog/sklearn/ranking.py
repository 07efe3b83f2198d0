"""What a classifier's scores say when rows are ranked by them: ROC, precision-recall, AUC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

POINTS = 100
"""The most points a curve keeps; the eye sees no more, and a file stays small."""


@dataclass(frozen=True)
class Ranking:
    """Hits and false alarms above each distinct score, the highest score first.

    Weighted where weights were given. ``hits[-1]`` and ``alarms[-1]`` are the totals.
    """

    thresholds: NDArray[Any]
    hits: NDArray[np.float64]
    alarms: NDArray[np.float64]

    @property
    def usable(self) -> bool:
        """Both kinds of rows are there; otherwise no curve is defined."""
        return bool(len(self.hits)) and self.hits[-1] > 0 and self.alarms[-1] > 0


def rank(positive: NDArray[np.bool_], score: NDArray[Any], weight: NDArray[Any] | None = None) -> Ranking:
    """Rank rows by ``score``; ``positive`` says which ones should come first. All 1-D."""
    order = np.argsort(score)[::-1]
    score, positive = score[order], positive[order]
    last = np.append(np.flatnonzero(np.diff(score)), len(score) - 1) if len(score) else np.arange(0)
    if weight is None:
        hits, every = np.cumsum(positive)[last].astype(np.float64), last + 1.0
    else:
        weight = weight[order]
        hits, every = np.cumsum(np.where(positive, weight, 0.0))[last], np.cumsum(weight)[last]
    return Ranking(score[last], hits, every - hits)


def roc_auc(ranking: Ranking) -> float:
    """Area under the ROC curve, as `sklearn.metrics.roc_auc_score`."""
    tpr, fpr = _rates(ranking)
    return float(np.sum(np.diff(fpr) * (tpr[1:] + tpr[:-1])) / 2)


def roc_curve(ranking: Ranking) -> dict[str, list[float]]:
    """``fpr``, ``tpr`` and ``thresholds`` from (0, 0) to (1, 1), at most `POINTS` long.

    Points are kept at equal distances along the curve, so no part of it moves by more
    than a hundredth. The first threshold is that of no row at all: infinity.
    """
    tpr, fpr = _rates(ranking)
    thresholds = np.concatenate(([np.inf], ranking.thresholds))
    keep = _spread(tpr + fpr)
    return {"fpr": _short(fpr[keep]), "tpr": _short(tpr[keep]), "thresholds": _short(thresholds[keep])}


def precision_recall_curve(ranking: Ranking) -> dict[str, list[float]]:
    """``precision``, ``recall`` and ``thresholds``, recall rising, at most `POINTS` long."""
    recall = ranking.hits / ranking.hits[-1]
    precision = ranking.hits / (ranking.hits + ranking.alarms)
    keep = _spread(recall + np.cumsum(np.abs(np.diff(precision, prepend=precision[:1]))))
    return {
        "precision": _short(precision[keep]),
        "recall": _short(recall[keep]),
        "thresholds": _short(ranking.thresholds[keep]),
    }


def average_precision(ranking: Ranking) -> float:
    """The precision at each step of recall, as `sklearn.metrics.average_precision_score`."""
    precision = ranking.hits / (ranking.hits + ranking.alarms)
    return float(np.sum(np.diff(ranking.hits / ranking.hits[-1], prepend=0.0) * precision))


def _rates(ranking: Ranking) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    tpr = np.concatenate(([0.0], ranking.hits / ranking.hits[-1]))
    fpr = np.concatenate(([0.0], ranking.alarms / ranking.alarms[-1]))
    return tpr, fpr


def _short(values: NDArray[np.floating[Any]]) -> list[float]:
    """To seven digits: these are for a picture, and half the bytes."""
    return [float(f"{value:.7g}") for value in values.tolist()]


def _spread(travelled: NDArray[np.float64]) -> NDArray[np.intp]:
    """Which points to keep of a curve that has ``travelled`` so far at each; both ends stay."""
    if len(travelled) <= POINTS:
        return np.arange(len(travelled))
    grid = np.linspace(travelled[0], travelled[-1], POINTS)
    keep = np.searchsorted(travelled, grid)
    keep[0], keep[-1] = 0, len(travelled) - 1
    return keep[np.diff(keep, prepend=-1) > 0]
