"""What a fit records, and that one logical fit is one run."""

from __future__ import annotations

import threading
import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    BaggingClassifier,
    GradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

import autolog

from .conftest import read


def test_a_classifier(runs, iris) -> None:
    X, y = iris
    LogisticRegression(C=0.5, max_iter=500).fit(X, y)
    (run,) = runs()
    assert (run.name, run.status, run.parent_id) == ("LogisticRegression", "FINISHED", None)
    assert run.tags["autolog.estimator"] == "sklearn.linear_model._logistic.LogisticRegression"
    assert run.tags["autolog.framework"] == "sklearn"
    assert run.tags["autolog.training_metrics"] == "on all rows"
    assert (run.params["C"], run.params["max_iter"], run.params["class_weight"]) == (0.5, 500, None)
    assert {"fit_time", "training_score", "training_f1", "training_roc_auc", "n_iter"} <= set(run.metrics)
    (data,) = run.inputs
    assert (data.name, data.context) == ("train", "training")
    assert read(run, "fitted.json") == {"n_features": 4, "classes": [0, 1, 2]}
    assert read(run, "roc_curve.json")["curves"][0]["thresholds"][0] is None
    assert np.sum(read(run, "confusion_matrix.json")["matrix"]) == 150


@pytest.mark.parametrize("search", [False, True])
def test_the_model_is_kept(iris, search: bool) -> None:
    autolog.enable(store="runs", silent=True)
    model = LogisticRegression(max_iter=500)
    (GridSearchCV(model, {"C": [1.0]}, cv=2) if search else model).fit(*iris)
    *_, run = autolog.search_runs(store="runs")
    files = list(run.artifacts())
    assert "model/MLmodel" in files
    assert "inputs" in run.artifacts().path("model/MLmodel").read_text()


def test_names_of_features_and_coefficients(runs) -> None:
    from sklearn.datasets import load_diabetes

    X, y = load_diabetes(return_X_y=True, as_frame=True)
    model = make_pipeline(StandardScaler(), SGDClassifier(random_state=0)).fit(X, y > 100)
    (run,) = runs()
    table = read(run, "coefficients.json")
    assert table["columns"] == ["feature", "coefficient"]
    found = dict(table["data"])
    assert found.pop("(intercept)") == model[-1].intercept_[0]
    assert found == dict(zip(X.columns, model[-1].coef_[0], strict=True))
    sizes = [abs(value) for _, value in table["data"][:-1]]
    assert sizes == sorted(sizes, reverse=True)


def test_importances_and_histories(runs, iris) -> None:
    model = GradientBoostingClassifier(n_estimators=5, random_state=0).fit(*iris)
    (run,) = runs()
    table = read(run, "feature_importances.json")
    assert table["columns"] == ["feature", "importance"]
    assert [value for _, value in table["data"]] == sorted(model.feature_importances_, reverse=True)
    history = run.history("train_score")
    assert list(history.step) == list(range(5))
    assert list(history.value) == model.train_score_.tolist()


def test_a_loss_curve(runs, iris) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = MLPClassifier((4,), max_iter=7, random_state=0).fit(*iris)
    assert list(runs()[0].history("loss").value) == model.loss_curve_


class Mine(BaseEstimator):
    """A class with nothing but a ``fit``."""

    def __init__(self, depth: int = 1) -> None:
        self.depth = depth

    def fit(self, X, y=None):
        self.n_iter_ = 3
        return self


def test_a_class_of_the_users_own(runs, iris) -> None:
    Mine(depth=2).fit(*iris)

    class DefinedLater(RegressorMixin, BaseEstimator):
        def fit(self, X, y):
            return self

        def predict(self, X):
            return np.zeros(len(X))

    DefinedLater().fit(*iris)
    first, second = runs()
    assert (first.name, first.params, first.metrics["n_iter"]) == ("Mine", {"depth": 2}, 3)
    assert second.name == "DefinedLater"
    assert "training_mean_absolute_error" in second.metrics


INNER = [("a", LogisticRegression(max_iter=500)), ("b", DecisionTreeClassifier())]


@pytest.mark.parametrize(
    "estimator",
    [
        make_pipeline(StandardScaler(), PCA(), LogisticRegression()),
        make_pipeline(ColumnTransformer([("a", StandardScaler(), [0])]), LogisticRegression()),
        make_pipeline(SelectFromModel(DecisionTreeClassifier()), LogisticRegression()),
        StackingClassifier(INNER, LogisticRegression(), cv=2),
        VotingClassifier(INNER),
        BaggingClassifier(SVC(), 3),
        OneVsRestClassifier(LogisticRegression()),
        CalibratedClassifierCV(SVC(), cv=2),
        RandomForestClassifier(3),
        KMeans(2, n_init=2),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_one_logical_fit_is_one_run(runs, iris, estimator) -> None:
    estimator.fit(*iris)
    (run,) = runs()
    assert (run.name, run.status) == (type(estimator).__name__, "FINISHED")
    assert set(run.params) == set(estimator.get_params())


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing"])
@pytest.mark.parametrize("make", [BaggingClassifier, OneVsRestClassifier])
def test_one_run_with_workers(runs, iris, make, backend: str) -> None:
    import joblib

    with joblib.parallel_config(backend, n_jobs=2):
        make(LogisticRegression(max_iter=500)).fit(*iris)
    (run,) = runs()
    assert (run.name, run.status) == (make.__name__, "FINISHED")


def test_several_targets_are_one_run(runs, iris) -> None:
    X, y = iris
    MultiOutputClassifier(LogisticRegression(max_iter=500)).fit(X, np.c_[y, y])
    assert [run.name for run in runs()] == ["MultiOutputClassifier"]


@pytest.mark.parametrize("method", ["fit", "fit_transform"])
def test_preparation_makes_no_run_and_nor_does_what_it_fits_inside(runs, iris, method: str) -> None:
    X, y = iris
    getattr(StandardScaler(), method)(X)
    getattr(SelectFromModel(DecisionTreeClassifier()), method)(X, y)
    assert runs() == []


def test_preparation_that_was_asked_for(iris) -> None:
    autolog.enable(store="runs", models=False, include=["sklearn.preprocessing.*"])
    StandardScaler().fit(iris[0])
    assert [run.name for run in autolog.search_runs(store="runs")] == ["StandardScaler"]


def test_an_excluded_class_and_an_excluded_metric(iris) -> None:
    autolog.enable(store="runs", models=False, exclude=["*.SVC", "metrics.training_*"])
    SVC().fit(*iris)
    LogisticRegression(max_iter=500).fit(*iris)
    (run,) = autolog.search_runs(store="runs")
    assert run.name == "LogisticRegression"
    assert not [name for name in run.metrics if name.startswith("training_")]
    assert "fit_time" in run.metrics


@pytest.mark.parametrize("method", ["fit_transform", "fit_predict"])
def test_fits_by_another_name(runs, iris, method: str) -> None:
    estimator = PCA(2) if method == "fit_transform" else KMeans(2, n_init=1)
    getattr(estimator, method)(iris[0])
    (run,) = runs()
    assert run.name == type(estimator).__name__


def test_fits_inside_a_run_of_the_users(runs, iris) -> None:
    with autolog.run("mine") as mine:
        LogisticRegression(max_iter=500).fit(*iris)
        SVC().fit(*iris)
    first, nested = sorted(runs(), key=lambda run: run.parent_id is not None)
    assert (first.name, first.params["max_iter"]) == ("mine", 500)
    assert (nested.name, nested.parent_id) == ("SVC", mine.id)


def test_eight_threads_are_eight_runs(runs, iris) -> None:
    def work(depth: int) -> None:
        DecisionTreeClassifier(max_depth=depth).fit(*iris)

    threads = [threading.Thread(target=work, args=(depth,)) for depth in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = runs()
    assert sorted(run.params["max_depth"] for run in found) == list(range(1, 9))
    assert {(run.status, run.parent_id) for run in found} == {("FINISHED", None)}


def test_a_fit_that_fails_has_params_data_and_the_error(runs, iris) -> None:
    X, y = iris
    with pytest.raises(ValueError, match="inconsistent"):
        LogisticRegression(C=3.0).fit(X, y[:10])
    (run,) = runs()
    assert run.status == "FAILED"
    assert run.error.startswith("ValueError: Found input variables with inconsistent")
    assert run.params["C"] == 3.0
    assert len(run.inputs) == 1
    assert "ValueError" in run.artifacts().path("traceback.txt").read_text()


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError])
def test_whatever_a_fit_raises_comes_out_as_the_same_object(runs, iris, error) -> None:
    class Interrupted(BaseEstimator):
        def fit(self, X, y):
            raise raised

    raised = error("now")
    with pytest.raises(error) as caught:
        Interrupted().fit(*iris)
    assert caught.value is raised
    assert raised.__context__ is None
    assert raised.__cause__ is None


def test_params_that_cannot_be_had(runs, iris) -> None:
    class Shy(BaseEstimator):
        def get_params(self, deep=True):
            raise RuntimeError("none of your business")

        def fit(self, X, y):
            return self

    class Unprintable:
        def __repr__(self) -> str:
            raise RuntimeError

    Shy().fit(*iris)
    Mine(depth=Unprintable()).fit(*iris)
    shy, mine = runs()
    assert shy.status == mine.status == "FINISHED"
    assert shy.tags["autolog.params"] == "not recorded: get_params raised RuntimeError: none of your business"
    assert "Unprintable" in mine.params["depth"]


def test_warnings_are_shown_and_kept(runs, iris) -> None:
    class Warning_(BaseEstimator):
        def fit(self, X, y):
            for _ in range(3):
                warnings.warn("be careful", UserWarning, stacklevel=1)
            return self

    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        Warning_().fit(*iris)
        warnings.warn("not of the fit", UserWarning, stacklevel=1)
    assert len(shown) == 4
    (run,) = runs()
    assert run.tags["autolog.warnings"] == "3"
    assert run.artifacts().path("warnings.txt").read_text().endswith("UserWarning: be careful (3 times)\n")


def test_warnings_of_our_own_questions_reach_nobody(runs, iris) -> None:
    class Grumbling(ClassifierMixin, BaseEstimator):
        def fit(self, X, y):
            self.classes_ = np.unique(y)
            return self

        def predict(self, X):
            warnings.warn("who asks?", UserWarning, stacklevel=1)
            return np.zeros(len(X), int)

    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        Grumbling().fit(*iris)
    assert shown == []
    assert "training_accuracy" in runs()[0].metrics


def test_the_same_estimator_again_is_another_run(runs, iris) -> None:
    model = LogisticRegression(max_iter=500)
    model.fit(*iris).set_params(C=2.0).fit(*iris)
    assert [run.params["C"] for run in runs()] == [1.0, 2.0]


def test_everything_recorded_is_in_the_table(runs, iris) -> None:
    from fnmatch import fnmatchcase

    from autolog.autolog.sklearn import patcher

    RandomForestClassifier(40, oob_score=True, random_state=0).fit(*iris)
    KMeans(2, n_init=1).fit(iris[0])
    names = {kind: [r.name for r in patcher.records if r.kind == kind] for kind in ("metric", "artifact")}
    for run in runs():
        for kind, found in (("metric", run.metrics), ("artifact", run.artifacts())):
            for name in found:
                ours = name.startswith("environment") or name.endswith((".txt", ".patch"))
                assert ours or any(fnmatchcase(name, pattern) for pattern in names[kind]), name
