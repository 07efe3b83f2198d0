"""Data for the usual pictures of a classifier, as small JSON files.

``confusion_matrix.json``: ``{"labels": […], "matrix": [[…], …]}``, a row for each true class.
``roc_curve.json``: ``{"curves": [{"label": …, "auc": …, "fpr": […], "tpr": […], "thresholds": […]}]}``.
``precision_recall_curve.json``: ``{"curves": [{"label": …, "average_precision": …, "recall": […],
"precision": […], "thresholds": […]}]}``. Two classes have one curve, more have one each,
against all others. Each file says what it was computed on: ``"data": "training", "rows": n, "of": N``.
An infinite threshold, that of no row at all, is null.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from . import ranking
from .asking import Array
from .ranking import Ranking
from .scores import Coded

Curves = dict[str, dict[str, Any]]
"""File name to content."""

MOST_LABELS = 100
"""No confusion matrix beyond: nobody reads it."""

MOST_CURVES = 20


def curves(coded: Coded, ranked: dict[int, Ranking], weight: Array | None, *, rows: int, of: int) -> Curves:
    """All pictures that can be drawn from a classifier's predictions for ``rows`` of ``of`` rows."""
    about = {"data": "training", "rows": rows, "of": of}
    labels = coded.labels.tolist()
    drawn: Curves = {}
    if len(labels) <= MOST_LABELS:
        drawn["confusion_matrix.json"] = {**about, "labels": labels, "matrix": _confusion(coded, weight)}
    if 0 < len(ranked) <= MOST_CURVES:
        drawn["roc_curve.json"] = {
            **about,
            "curves": [
                {"label": labels[k], "auc": ranking.roc_auc(one), **ranking.roc_curve(one)}
                for k, one in ranked.items()
            ],
        }
        drawn["precision_recall_curve.json"] = {
            **about,
            "curves": [
                {
                    "label": labels[k],
                    "average_precision": ranking.average_precision(one),
                    **ranking.precision_recall_curve(one),
                }
                for k, one in ranked.items()
            ],
        }
    return drawn


def as_json(content: dict[str, Any]) -> str:
    """The text of a file. Ten times as fast as `json`, for thousands of numbers."""
    return msgspec.json.encode(content, enc_hook=str).decode()


def _confusion(coded: Coded, weight: Array | None) -> list[list[Any]]:
    k = len(coded.labels)
    return np.bincount(coded.true * k + coded.predicted, weight, k * k).reshape(k, k).tolist()
