"""Training metrics: equal to scikit-learn's, on as many rows as the time allows."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn import config_context, metrics
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.cluster import DBSCAN
from sklearn.datasets import load_diabetes
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from autolog.autolog.sklearn import asking
from autolog.autolog.sklearn.discretion import discreet
from autolog.autolog.sklearn.rows import Data
from autolog.autolog.sklearn.training import training


def trained(estimator, X, y=None, weight=None, seconds=10.0):
    """Training metrics with plenty of time."""
    fit_params = {} if weight is None else {"sample_weight": weight}
    estimator.fit(X, y, **fit_params)
    return training(estimator, Data(X, y, weight, X.shape[0]), seconds, estimator.get_params())


@pytest.mark.parametrize("form", [np.asarray, sp.csr_array, sp.csc_matrix])
def test_classifier(iris, form) -> None:
    X, y = iris
    names = np.array(["setosa", "versicolor", "virginica"])
    model = LogisticRegression(max_iter=500)
    found = trained(model, form(X), names[y])
    proba, predicted = model.predict_proba(X), model.predict(X)
    assert found.note == "on all rows"
    assert found.metrics == pytest.approx(
        {
            "training_score": model.score(X, names[y]),
            "training_accuracy": metrics.accuracy_score(names[y], predicted),
            "training_precision": metrics.precision_score(names[y], predicted, average="weighted"),
            "training_recall": metrics.recall_score(names[y], predicted, average="weighted"),
            "training_f1": metrics.f1_score(names[y], predicted, average="weighted"),
            "training_log_loss": metrics.log_loss(names[y], proba),
            "training_roc_auc": metrics.roc_auc_score(names[y], proba, multi_class="ovr", average="weighted"),
        },
        abs=1e-12,
    )
    matrix = found.curves["confusion_matrix.json"]
    assert matrix["labels"] == names.tolist()
    assert np.array_equal(matrix["matrix"], metrics.confusion_matrix(names[y], predicted))
    assert [curve["label"] for curve in found.curves["roc_curve.json"]["curves"]] == names.tolist()


def test_sample_weights_count(iris) -> None:
    X, y = iris
    weight = np.where(y == 1, 5.0, 1.0)
    model = LogisticRegression(max_iter=500)
    found = trained(model, X, y, weight)
    assert found.metrics["training_score"] == pytest.approx(model.score(X, y, weight))
    assert found.note == "on all rows, weighted by sample_weight"


def test_regressor() -> None:
    X, y = load_diabetes(return_X_y=True)
    model = LinearRegression()
    found = trained(model, X, y).metrics
    assert found["training_score"] == found["training_r2"] == pytest.approx(model.score(X, y), abs=1e-12)
    expected = metrics.root_mean_squared_error(y, model.predict(X))
    assert found["training_root_mean_squared_error"] == pytest.approx(expected)


def test_several_targets(iris) -> None:
    X, y = iris
    found = trained(RandomForestClassifier(3, random_state=0), X, np.c_[y, y[::-1]])
    assert set(found.metrics) == {"training_score", "training_accuracy"}
    labels = trained(RandomForestClassifier(3, random_state=0), X, np.c_[y == 0, y == 1].astype(int))
    names = ("score", "accuracy", "precision", "recall", "f1")
    assert set(labels.metrics) == {f"training_{name}" for name in names}


def test_a_target_in_one_column(iris) -> None:
    X, y = iris
    model = LogisticRegression(max_iter=500).fit(X, y)
    found = training(model, Data(X, y.reshape(-1, 1), None, 150), 1.0, {})
    assert found.metrics["training_accuracy"] > 0.9


def test_a_score_of_the_estimators_own(iris) -> None:
    class Own(LogisticRegression):
        def score(self, X, y, sample_weight=None):
            return -7.0

    X, y = iris
    found = trained(make_pipeline(StandardScaler(), Own()), X, y).metrics
    assert found["training_score"] == -7.0
    assert found["training_accuracy"] > 0.9


def test_clusters(iris) -> None:
    X, _ = iris
    model = DBSCAN()
    found = trained(model, X).metrics
    assert (found["n_clusters"], found["n_noise"]) == (2, 17)
    assert found["training_silhouette"] == pytest.approx(metrics.silhouette_score(X, model.labels_))


def test_density(iris) -> None:
    X, _ = iris
    model = GaussianMixture(2, random_state=0)
    assert trained(model, X).metrics == {"training_score": model.score(X)}


def test_a_model_that_draws_to_predict_draws_from_no_stream_of_the_users(iris) -> None:
    X, y = iris
    np.random.seed(1)
    mine, same = np.random.RandomState(2), np.random.RandomState(2)
    for stream, model_stream in ((np.random, None), (mine, mine)):
        model = DummyClassifier(strategy="stratified", random_state=model_stream).fit(X, y)
        before = stream.get_state()[1].tolist()
        with discreet(model, model.get_params()):
            assert training(model, Data(X, y, None, 150), 1.0, model.get_params()).note == "on all rows"
        assert stream.get_state()[1].tolist() == before
    assert mine.rand() == same.rand()


def test_large_data_is_sampled_evenly() -> None:
    class Slow(ClassifierMixin, BaseEstimator):
        """A tenth of a millisecond for each row, on a clock of its own."""

        asked: list[int] = []  # noqa: RUF012 - estimators are cloned, this is shared on purpose

        def fit(self, X, y):
            self.classes_ = np.unique(y)
            return self

        def predict(self, X):
            self.asked.append(len(X))
            clock.now += 1e-4 * len(X)
            return X[:, 0] > 0

    class Clock:
        now = 0.0

    clock = Clock()
    X = np.linspace(-1, 1, 100_000).reshape(-1, 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asking, "perf_counter", lambda: clock.now)
        found = trained(Slow(), X, X[:, 0] > 0, seconds=10.0)  # of which a tenth may be spent
    assert clock.now <= 1.1
    assert Slow.asked[0] == asking.FIRST or abs(Slow.asked[0] - asking.FIRST) < 2
    assert 4_000 < Slow.asked[-1] < 10_000
    assert found.note == f"on {Slow.asked[-1]:,} of 100,000 rows"


@pytest.mark.parametrize(("cost", "looks"), [(0.0, 2), (1.0, 1)])
def test_growing(cost: float, looks: int) -> None:
    steps: list[int] = []

    def look(step: int) -> int:
        steps.append(step)
        return step

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asking, "perf_counter", lambda: cost * len(steps))
        last = asking.grow(1_000, 100, 1e-9, 0.5, look)
    assert len(steps) == looks
    assert last == steps[-1] == (10 if looks == 1 else 1)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"n": 0}, "skipped: the data does not say"),
        ({"y": sp.csr_array(np.eye(3))}, "skipped: the target is sparse"),
        ({"y": None}, "skipped: the fit had no target"),
    ],
)
def test_reasons_not_to(change, reason: str) -> None:
    X = np.eye(3)
    data = Data(**{"X": X, "y": np.arange(3), "n": 3, **change})
    assert training(LogisticRegression().fit(X, np.arange(3)), data, 1.0, {}).note.startswith(reason)


def test_what_prints_when_it_predicts_is_not_asked(iris, capfd) -> None:
    X, y = iris
    model = RandomForestClassifier(2, verbose=1)
    model.fit(X, y)
    capfd.readouterr()
    found = training(model, Data(X, y, None, 150), 1.0, model.get_params())
    assert "verbose=1" in found.note
    assert capfd.readouterr() == ("", "")


def test_a_model_that_cannot_predict_says_why(iris) -> None:
    class Broken(LogisticRegression):
        def predict(self, X):
            raise RuntimeError("not today")

    X, y = iris
    assert trained(Broken(max_iter=500), X, y).note == "skipped: RuntimeError: not today"


def test_with_metadata_routing_nothing_is_asked_without_metadata(iris) -> None:
    X, y = iris
    with config_context(enable_metadata_routing=True):
        assert "metadata" in trained(LogisticRegression(max_iter=500), X, y).note
