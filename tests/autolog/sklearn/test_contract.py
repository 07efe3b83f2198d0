"""The scikit-learn patcher keeps the contract that every patcher keeps."""

from __future__ import annotations

from typing import Any

from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from autolog.autolog.sklearn import patcher
from autolog.store.runs import Run
from autolog.testing import PatcherContract

X, Y = load_iris(return_X_y=True)


class TestFits(PatcherContract):
    patcher = patcher
    framework = "sklearn.linear_model"

    def train(self) -> Any:
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.5)).fit(X, Y)
        return model.predict_proba(X).tolist()

    def fail(self) -> None:
        LogisticRegression().fit(X, Y[:-1])

    def check_run(self, run: Run) -> None:
        assert run.params["logisticregression__C"] == 0.5
        assert run.metrics["training_accuracy"] > 0.9
        assert "model/MLmodel" in list(run.artifacts())
        assert [data.context for data in run.inputs] == ["training"]


class TestSearches(PatcherContract):
    patcher = patcher
    framework = "sklearn.model_selection"

    def train(self) -> Any:
        search = GridSearchCV(LogisticRegression(max_iter=200), {"C": [0.1, 1.0]}, cv=3).fit(X, Y)
        return search.cv_results_["mean_test_score"].tolist(), search.best_params_

    def fail(self) -> None:
        GridSearchCV(LogisticRegression(), {"no_such_param": [1]}, cv=3).fit(X, Y)

    def check_run(self, run: Run) -> None:
        trials = [child for child in run.children() if "autolog.trial" in child.tags]
        assert sorted(trial.params["C"] for trial in trials) == [0.1, 1.0]
        assert [trial.tags.get("autolog.best") for trial in trials].count("true") == 1
