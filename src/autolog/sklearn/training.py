"""How well a model does on the data it was just fitted to, at a small part of the fit's cost."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...tracking.outcome import describe_error
from . import scores
from .asking import Answers, Array, answers, grow
from .curves import Curves, curves
from .discretion import objection
from .eligible import model_inside
from .rows import Data

FLOOR = 0.003
"""Seconds that the training metrics may take however short the fit was."""

SHARE = 0.05
"""… and as a part of the fit's own time."""

MOST = 5.0
"""Seconds that they may take however long the fit was."""

MOST_CLASSES = 50
"""With more classes there is no ROC AUC: it takes a sort of all rows for each."""

SILHOUETTE_ROWS = 400
"""Its cost and memory grow with the square."""


@dataclass(frozen=True)
class Training:
    """``note`` says what the metrics were computed on, or why there are none."""

    note: str
    metrics: dict[str, float] = field(default_factory=dict)
    curves: Curves = field(default_factory=dict)


def training(estimator: Any, data: Data, seconds: float, params: dict[str, Any]) -> Training:
    """What to record of ``estimator`` on its own ``data``; the fit took ``seconds``.

    It is asked for predictions: to be called discreetly.
    """
    data = data.guarded()
    reason = _unsuitable(data, params)
    if reason:
        return Training(f"skipped: {reason}")
    measure = {"classifier": _classifier, "regressor": _regressor}.get(kind_of(estimator), _other)
    budget = min(max(FLOOR, SHARE * seconds), MOST)
    try:
        with np.errstate(all="ignore"):
            return measure(estimator, data, budget)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the model's own, on data that it was just fitted to
        return Training(f"skipped: {describe_error(error)}")


def kind_of(estimator: Any) -> str:
    """classifier, regressor, clusterer, outlier_detector, density_estimator, or empty."""
    from sklearn import base
    from sklearn.utils import get_tags

    with suppress(Exception):  # an estimator older than tags, or bases in an unusual order
        kind = get_tags(estimator).estimator_type
        if kind:
            return str(kind)
    if isinstance(estimator, base.ClassifierMixin):
        return "classifier"
    return "regressor" if isinstance(estimator, base.RegressorMixin) else ""


def _unsuitable(data: Data, params: dict[str, Any]) -> str | None:
    if not data.n:
        return "the data does not say how many rows it has"
    if hasattr(data.y, "toarray"):
        return "the target is sparse"
    return objection(params)


def _classifier(estimator: Any, data: Data, budget: float) -> Training:
    if data.y is None:
        return Training("skipped: the fit had no target")
    classes = getattr(estimator, "classes_", None)
    if not isinstance(classes, np.ndarray) or classes.ndim != 1:
        classes = None
    width = 2 if classes is None else len(classes)
    seen = answers(estimator, data, budget, width=width, scored=classes is not None)
    if seen.true.ndim > 1:
        return _done(estimator, data, seen, _several_targets(seen.true, seen.predicted), "accuracy")
    coded = scores.coded(seen.true, seen.predicted, classes)
    metrics = scores.classification(coded, seen.weight)
    ranked = {}
    if seen.scores is not None and coded.labels is classes:  # else a row's class may have no column
        if seen.probable and seen.scores.shape == (seen.data.n, width):
            metrics["log_loss"] = scores.log_loss(coded.true, seen.scores, seen.weight)
        if width <= MOST_CLASSES:
            ranked = scores.rankings(coded.true, seen.scores, seen.weight)
    if ranked:
        metrics["roc_auc"] = scores.mean_roc_auc(ranked)
    drawn = curves(coded, ranked, seen.weight, rows=seen.data.n, of=data.n)
    return _done(estimator, data, seen, metrics, "accuracy", drawn)


def _several_targets(true: Array, predicted: Array) -> dict[str, float]:
    if all(set(np.unique(values)) <= {0, 1} for values in (true, predicted)):
        return scores.multilabel(true, predicted)
    return {"accuracy": float((true == predicted).all(axis=1).mean())}


def _regressor(estimator: Any, data: Data, budget: float) -> Training:
    if data.y is None:
        return Training("skipped: the fit had no target")
    seen = answers(estimator, data, budget, width=1, scored=False)
    return _done(estimator, data, seen, scores.regression(seen.true, seen.predicted, seen.weight), "r2")


def _done(
    estimator: Any,
    data: Data,
    seen: Answers,
    metrics: dict[str, float],
    main: str,
    drawn: Curves | None = None,
) -> Training:
    """With the model's own score: usually the ``main`` metric, which then need not be computed again."""
    if _scores_by_default(estimator):
        if main in metrics:
            metrics = {"score": metrics[main], **metrics}
    else:
        metrics = {"score": _own_score(estimator, seen.data), **metrics}
    note = _note(seen.data.n, data.n) + (", weighted by sample_weight" if seen.weight is not None else "")
    return Training(note, {f"training_{name}": value for name, value in metrics.items()}, drawn or {})


def _scores_by_default(estimator: Any) -> bool:
    """Whether ``estimator.score`` is scikit-learn's plain accuracy or R²."""
    if getattr(estimator, "scoring", None) is not None and hasattr(estimator, "best_estimator_"):
        return False
    definers = (cls.__name__ for cls in type(model_inside(estimator)).__mro__ if "score" in vars(cls))
    return next(definers, None) in ("ClassifierMixin", "RegressorMixin")


def _own_score(estimator: Any, data: Data) -> float:
    target = () if data.y is None else (data.y,)
    return float(estimator.score(data.X, *target))


def _other(estimator: Any, data: Data, budget: float) -> Training:
    """Clusterers, density estimators, decompositions, detectors."""
    metrics = _clusters(estimator, data)
    if hasattr(estimator, "score") and not hasattr(estimator, "inertia_"):
        # Such scores may be sums over the rows: that of a sample would mean nothing.
        rows, value = grow(
            data.n,
            256,
            0.0,
            budget,
            lambda step: (data.every(step).n, _own_score(estimator, data.every(step))),
        )
        if rows == data.n:
            metrics["training_score"] = value
    return Training("on all rows" if metrics else "none for this kind of model", metrics)


def _clusters(estimator: Any, data: Data) -> dict[str, float]:
    labels = getattr(model_inside(estimator), "labels_", None)
    if not isinstance(labels, np.ndarray) or labels.shape != (data.n,):
        return {}
    found = np.unique(labels)
    metrics = {"n_clusters": float(np.sum(found >= 0)), "n_noise": float(np.sum(labels < 0))}
    step = -(-data.n // SILHOUETTE_ROWS)
    X = data.every(step).X
    if (
        model_inside(estimator) is estimator
        and isinstance(X, np.ndarray)
        and X.dtype.kind in "fiu"
        and X.ndim == 2
    ):
        value = scores.silhouette(X, labels[::step])
        if value is not None:
            metrics["training_silhouette"] = value
    return metrics


def _note(rows: int, of: int) -> str:
    return "on all rows" if rows == of else f"on {rows:,} of {of:,} rows"
