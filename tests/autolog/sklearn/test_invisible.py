"""Same result with and without us."""

from __future__ import annotations

import copy
import inspect
import os
import pickle
import random
import subprocess
import sys
import threading
import typing
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import base
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone, is_classifier
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import BaggingClassifier, GradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, SGDClassifier
from sklearn.model_selection import cross_validate
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from sklearn.utils.validation import has_fit_parameter

import autolog

ESTIMATORS = [
    LogisticRegression(max_iter=500),
    RandomForestClassifier(5),
    SGDClassifier(),
    DummyClassifier(strategy="stratified"),
    make_pipeline(StandardScaler(), PCA(2), SVC()),
    GradientBoostingRegressor(n_estimators=5, subsample=0.5),
]


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: type(estimator).__name__)
def test_predictions_and_random_streams(iris, estimator) -> None:
    def outcome() -> tuple[list[float], float, float, bytes]:
        np.random.seed(3)
        random.seed(4)
        X, y = (part.copy() for part in iris)
        model = clone(estimator).fit(X, y)
        predicted = model.predict(X).tolist()
        return predicted, np.random.rand(), random.random(), X.tobytes() + y.tobytes()

    bare = outcome()
    autolog.enable(store="runs", models=False)
    assert outcome() == bare
    assert len(autolog.search_runs(store="runs")) == 1


@pytest.mark.slow
def test_a_stream_that_the_estimator_holds(iris) -> None:
    def outcome() -> float:
        stream = np.random.RandomState(0)
        DummyClassifier(strategy="stratified", random_state=stream).fit(*iris)
        return stream.rand()

    bare = outcome()
    autolog.enable(store="runs", models=False)
    assert outcome() == bare


def test_an_estimator_gets_no_attributes(runs, iris) -> None:
    model = LogisticRegression(max_iter=500).fit(*iris)
    autolog.disable()
    assert set(vars(model)) == set(vars(LogisticRegression(max_iter=500).fit(*iris)))


@pytest.mark.parametrize("cls", [LogisticRegression, RandomForestClassifier, Pipeline, PCA])
@pytest.mark.parametrize("method", ["fit", "fit_transform", "predict", "score"])
def test_methods_look_the_same(cls, method: str) -> None:
    if not hasattr(cls, method):
        return

    def looks() -> tuple[object, ...]:
        function = getattr(cls, method)
        return (
            inspect.signature(function),
            function.__doc__,
            function.__name__,
            function.__qualname__,
            function.__module__,
            inspect.isfunction(function),
            callable(function),
            hasattr(cls(steps=[("a", StandardScaler())]) if cls.__name__ == "Pipeline" else cls(), method),
        )

    bare = looks()
    autolog.enable(store="runs")
    assert looks() == bare


def test_instances_look_the_same(iris) -> None:
    model = LogisticRegression(C=2.0, max_iter=500)

    def looks() -> tuple[object, ...]:
        return (
            repr(model),
            str(inspect.signature(model.fit)),
            inspect.ismethod(model.fit),
            has_fit_parameter(model, "sample_weight"),
            is_classifier(model),
            dir(model),
            model.get_metadata_routing(),
            typing.get_type_hints(model.fit),
        )

    def texts() -> list[str]:
        return [str(part) for part in looks()]

    bare = texts()
    autolog.enable(store="runs")
    assert texts() == bare


def test_clone_and_copies(runs, iris) -> None:
    model = LogisticRegression(C=2.0, max_iter=500).fit(*iris)
    for other in (copy.copy(model), copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert type(other) is LogisticRegression
        assert np.array_equal(other.coef_, model.coef_)
    assert clone(model).C == 2.0
    assert pickle.loads(pickle.dumps(model.predict))(iris[0][:1]).tolist() == [0]


def test_pickles_are_the_same_bytes(iris) -> None:
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(*iris)
    bare = pickle.dumps(model)
    autolog.enable(store="runs", models=False)
    assert pickle.dumps(model) == bare
    assert pickle.dumps(clone(model).fit(*iris)) == bare


@pytest.mark.slow
def test_a_pickle_loads_where_we_are_not_installed(tmp_path, runs, iris) -> None:
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(*iris)
    (tmp_path / "model.pickle").write_bytes(pickle.dumps([model, model.predict]))
    code = """
import pickle, sys
sys.modules["autolog"] = None
model, predict = pickle.load(open("model.pickle", "rb"))
assert model.predict([[5, 3, 1, 0]]).tolist() == predict([[5, 3, 1, 0]]).tolist() == [0]
"""
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)


def test_disable_puts_everything_back() -> None:
    def state() -> dict[str, object]:
        classes = [LogisticRegression, MLPClassifier, RandomForestClassifier.__mro__[2], Pipeline]
        classes += [base.BaseEstimator, base.ClassifierMixin, base.TransformerMixin, LinearRegression]
        return {f"{cls.__name__}.{key}": value for cls in classes for key, value in vars(cls).items()}

    def ours(before: dict[str, object]) -> set[str]:
        now = state()
        return {key for key in {*before, *now} if before.get(key) is not now.get(key)}

    before = state()
    autolog.enable(store="runs")
    assert {"LogisticRegression.fit", "MLPClassifier.partial_fit", "Pipeline.predict"} <= ours(before)
    autolog.disable()
    assert {key for key in ours(before) if "__abc" not in key and "_abc_" not in key} == set()


def test_classes_of_the_recording_time_work_afterwards(iris) -> None:
    autolog.enable(store="runs", models=False)

    class Doubling(TransformerMixin, BaseEstimator):
        def fit(self, X, y=None):
            return self

        def transform(self, X):
            return X * 2

        def fit_transform(self, X, y=None):
            return self.fit(X).transform(X)

        def get_feature_names_out(self, names=None):
            return ["a", "b", "c", "d"]

    def columns() -> list[str]:
        return list(Doubling().set_output(transform="pandas").fit_transform(iris[0]).columns)

    assert columns() == ["a", "b", "c", "d"]
    autolog.disable()
    assert columns() == ["a", "b", "c", "d"]


def test_recording_again_after_disable(iris) -> None:
    for _ in range(2):
        autolog.enable(store="runs", models=False)
        autolog.enable(store="runs", models=False)
        LogisticRegression(max_iter=500).fit(*iris)
        autolog.disable()
    assert len(autolog.search_runs(store="runs")) == 2


@pytest.mark.parametrize("kind", ["array", "frame"])
def test_the_data_is_not_written_to_by_what_we_ask(iris: Any, kind: str) -> None:
    """Models that work in place do so on what they are given: the user gives it to fit, not to predict."""

    def double(X: Any) -> Any:
        X *= 2.0
        return X

    def fitted_on(X: Any) -> Any:
        make_pipeline(FunctionTransformer(double), LogisticRegression(max_iter=500)).fit(X, iris[1])
        make_pipeline(StandardScaler(copy=False), LogisticRegression()).fit(X, iris[1])
        return np.asarray(X).tolist()

    data = {"array": lambda: iris[0].copy(), "frame": lambda: pd.DataFrame(iris[0].copy())}[kind]
    autolog.disable()
    expected = fitted_on(data())
    autolog.enable()
    assert fitted_on(data()) == expected


@pytest.mark.slow
def test_draws_of_another_thread_are_not_undone(iris: Any) -> None:
    autolog.enable(models=False)
    drawn: list[float] = []
    over = threading.Event()

    def draw() -> None:
        while not over.is_set() and len(drawn) < 1_000_000:
            drawn.append(np.random.rand())

    thread = threading.Thread(target=draw, daemon=True)
    thread.start()
    try:
        for _ in range(5):
            LogisticRegression(max_iter=200).fit(*iris)
    finally:
        over.set()
        thread.join()
    assert len(set(drawn)) == len(drawn)


def test_a_model_that_leaves_the_program_when_asked_does_not_leave_it(iris: Any) -> None:
    class Leaving(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
        def fit(self, X: Any, y: Any) -> Any:
            self.classes_ = np.unique(y)
            return self

        def predict(self, X: Any) -> Any:
            sys.exit("no")

    autolog.enable(models=False)
    Leaving().fit(*iris)
    assert autolog.search_runs()[0].tags["autolog.training_metrics"] == "skipped: SystemExit: no"


FROZEN = """
import autolog
from sklearn.base import BaseEstimator

class Frozen(type(BaseEstimator)):
    def __setattr__(cls, name, value):
        if not name.startswith("_"):
            raise TypeError("frozen")
        super().__setattr__(name, value)

autolog.enable()

class Mine(BaseEstimator, metaclass=Frozen):
    def fit(self, X, y=None):
        return self

print(type(Mine().fit([[1]])).__name__)
"""


@pytest.mark.slow
def test_a_class_that_refuses_to_be_changed_can_be_defined() -> None:
    environment = {**os.environ, "AUTOLOG_STRICT": "0"}
    command = [sys.executable, "-c", FROZEN]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert done.stdout == "Mine\n"


class Drawing(ClassifierMixin, BaseEstimator):
    """Draws random numbers wherever it is read: a parameter, its text, what it learned."""

    def __init__(self, stream: Any = None) -> None:
        self.stream = stream

    @property
    def stream(self) -> Any:
        self._draw()
        return self._stream

    @stream.setter
    def stream(self, value: Any) -> None:
        self._stream = value

    def __repr__(self) -> str:
        self._draw()
        return "Drawing()"

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    partial_fit = fit

    @property
    def feature_importances_(self) -> Any:
        self._draw()
        return np.ones(4)

    @property
    def n_iter_(self) -> int:
        self._draw()
        return 3

    def predict(self, X):
        self._draw()
        return np.zeros(len(X))

    def _draw(self) -> None:
        np.random.rand()
        random.random()
        if self._stream is not None:
            self._stream.rand()


@pytest.mark.parametrize("method", ["fit", "partial_fit", "cross_validate", "as a parameter"])
def test_properties_and_texts_that_draw_random_numbers(iris: Any, method: str) -> None:
    def outcome() -> tuple[float, float, float]:
        np.random.seed(3)
        random.seed(4)
        stream = np.random.RandomState(5)
        if method == "cross_validate":
            cross_validate(Drawing(stream), *iris, cv=2, error_score="raise")
        elif method == "as a parameter":
            BaggingClassifier(Drawing(), 2).fit(*iris)
        else:
            getattr(Drawing(stream), method)(*iris)
        return np.random.rand(), random.random(), stream.rand()

    bare = outcome()
    autolog.enable(store="runs")
    assert outcome() == bare
    (run,) = autolog.search_runs(store="runs")
    assert ("estimator" if method == "as a parameter" else "stream") in run.params
