"""Our fast scores against scikit-learn's own."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from autolog.autolog.sklearn import ranking, scores

TOLERANCE = 1e-12


def classes(seed: int, k: int, n: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True classes, probabilities with many ties, and sample weights (some zero)."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, k, n)
    true[:k] = np.arange(k)
    proba = np.round(rng.dirichlet(np.ones(k), n) + 0.4 * np.eye(k)[true], 2)
    weight = rng.integers(0, 4, n).astype(float)
    weight[:k] = 1.0
    return true, proba / proba.sum(axis=1, keepdims=True), weight


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("k", [2, 3, 11])
def test_classification(k: int, weighted: bool) -> None:
    true, proba, weight = classes(0, k)
    predicted = proba.argmax(axis=1)
    predicted[predicted == k - 1] = 0  # a class that is never predicted
    w = weight if weighted else None
    got = scores.classification(scores.coded(true, predicted, np.arange(k)), w)
    how = {"average": "weighted", "zero_division": 0, "sample_weight": w}
    assert got == pytest.approx(
        {
            "accuracy": metrics.accuracy_score(true, predicted, sample_weight=w),
            "precision": metrics.precision_score(true, predicted, **how),
            "recall": metrics.recall_score(true, predicted, **how),
            "f1": metrics.f1_score(true, predicted, **how),
        },
        abs=TOLERANCE,
    )


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("k", [2, 4])
def test_log_loss_and_roc_auc(k: int, weighted: bool) -> None:
    true, proba, weight = classes(1, k)
    w = weight if weighted else None
    assert scores.log_loss(true, proba, w) == pytest.approx(
        metrics.log_loss(true, proba, sample_weight=w), abs=TOLERANCE
    )
    score = proba[:, 1] if k == 2 else proba
    expected = metrics.roc_auc_score(true, score, multi_class="ovr", average="weighted", sample_weight=w)
    assert scores.mean_roc_auc(scores.rankings(true, proba, w)) == pytest.approx(expected, abs=TOLERANCE)


def test_log_loss_of_certain_and_wrong_is_finite() -> None:
    proba = np.array([[1.0, 0.0], [0.0, 1.0]])
    true = np.array([1, 1])
    assert scores.log_loss(true, proba) == pytest.approx(metrics.log_loss(true, proba, labels=[0, 1]))


@pytest.mark.parametrize(
    "values", [["b", "a", "c", "a"], [7, -1, 7, 3], [True, False, True, True], [1.5, 2, 2, 0]]
)
@pytest.mark.parametrize("known", [True, False])
def test_classes_of_any_kind_are_numbered(values: list[object], known: bool) -> None:
    true = np.array(values)
    data = scores.coded(true, true[::-1], np.unique(true) if known else None)
    assert np.array_equal(data.labels[data.true], true)
    assert np.array_equal(data.labels[data.predicted], true[::-1])


def test_classes_that_the_model_does_not_name_are_numbered_too() -> None:
    data = scores.coded(np.array([5, 1]), np.array([1, 9]), np.array([1, 5]))
    assert data.labels.tolist() == [1, 5, 9]


def test_multilabel() -> None:
    rng = np.random.default_rng(3)
    true, predicted = rng.integers(0, 2, (2, 100, 4))
    how = {"average": "weighted", "zero_division": 0}
    assert scores.multilabel(true, predicted) == pytest.approx(
        {
            "accuracy": metrics.accuracy_score(true, predicted),
            "precision": metrics.precision_score(true, predicted, **how),
            "recall": metrics.recall_score(true, predicted, **how),
            "f1": metrics.f1_score(true, predicted, **how),
        },
        abs=TOLERANCE,
    )


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shape", [(200,), (200, 3)])
def test_regression(shape: tuple[int, ...], weighted: bool) -> None:
    rng = np.random.default_rng(4)
    true = rng.normal(size=shape) * 10
    predicted = true + rng.normal(size=shape)
    w = rng.uniform(0, 2, 200) if weighted else None
    names = ["r2_score", "mean_squared_error", "root_mean_squared_error", "mean_absolute_error"]
    expected = {
        name.removesuffix("_score"): getattr(metrics, name)(true, predicted, sample_weight=w)
        for name in names
    }
    assert scores.regression(true, predicted, w) == pytest.approx(expected, abs=TOLERANCE)


@pytest.mark.parametrize("predicted", [[2.0, 2.0, 2.0], [2.0, 2.0, 3.0]])
def test_r2_of_a_constant_target(predicted: list[float]) -> None:
    true = np.full(3, 2.0)
    assert scores.regression(true, np.array(predicted))["r2"] == metrics.r2_score(true, predicted)


def test_silhouette() -> None:
    rng = np.random.default_rng(5)
    rows = rng.normal(size=(150, 3))
    labels = rng.integers(0, 4, 150)
    labels[0] = 9  # a cluster of one
    assert scores.silhouette(rows, labels) == pytest.approx(metrics.silhouette_score(rows, labels), abs=1e-9)
    assert scores.silhouette(rows, np.zeros(150)) is None


def test_short_curves_are_those_of_sklearn() -> None:
    true, proba, _ = classes(6, 2, n=150)
    ranked = ranking.rank(true == 1, proba[:, 1])
    roc = ranking.roc_curve(ranked)
    fpr, tpr, thresholds = metrics.roc_curve(true, proba[:, 1], drop_intermediate=False)
    assert np.allclose(roc["fpr"], fpr)
    assert np.allclose(roc["tpr"], tpr)
    assert np.allclose(roc["thresholds"], thresholds)
    curve = ranking.precision_recall_curve(ranked)
    precision, recall, _ = metrics.precision_recall_curve(true, proba[:, 1])
    assert np.allclose(curve["precision"], precision[-2::-1])
    assert np.allclose(curve["recall"], recall[-2::-1])
    assert ranking.average_precision(ranked) == pytest.approx(
        metrics.average_precision_score(true, proba[:, 1])
    )


def test_long_curves_keep_their_shape() -> None:
    rng = np.random.default_rng(7)
    true = rng.integers(0, 2, 50_000)
    score = true + rng.normal(size=50_000)
    curve = ranking.roc_curve(ranking.rank(true == 1, score))
    fpr, tpr, _ = metrics.roc_curve(true, score)
    assert len(curve["fpr"]) <= ranking.POINTS
    assert (curve["fpr"][0], curve["tpr"][0], curve["fpr"][-1], curve["tpr"][-1]) == (0, 0, 1, 1)
    assert np.abs(np.interp(fpr, curve["fpr"], curve["tpr"]) - tpr).max() < 0.01


def test_a_class_that_nobody_has_gives_no_ranking() -> None:
    true, proba, _ = classes(8, 3)
    assert list(scores.rankings(np.where(true == 2, 1, true), proba)) == [0, 1]
