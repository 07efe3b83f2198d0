"""The LightGBM patcher keeps the contract that every patcher keeps."""

from __future__ import annotations

import json
from typing import Any

import lightgbm
import numpy as np
import pytest

from autolog.autolog.lightgbm import patcher
from autolog.store.runs import Run
from autolog.testing import PatcherContract

from .conftest import evals

pytestmark = pytest.mark.filterwarnings("ignore:X does not have valid feature names")  # LightGBM 4.6

X = np.random.RandomState(0).random_sample((80, 4))
Y = (X[:, 0] > 0.5).astype(int)
PARAMS = {
    "objective": "binary",
    "metric": ["binary_logloss", "auc"],
    "min_data_in_leaf": 3,
    "num_threads": 1,
    "verbose": -1,
}


def _broken(predicted: np.ndarray, data: lightgbm.Dataset) -> None:
    raise LookupError("an objective of the user's")


class TestTrain(PatcherContract):
    patcher = patcher
    framework = "lightgbm"

    def train(self) -> Any:
        train = lightgbm.Dataset(X[:50], Y[:50])
        valid = lightgbm.Dataset(X[50:], Y[50:], reference=train)
        stopping = lightgbm.early_stopping(3, verbose=False)
        booster = lightgbm.train(PARAMS, train, 12, [valid], ["valid"], callbacks=[stopping])
        return booster.predict(X).tolist()

    def fail(self) -> None:
        lightgbm.train({**PARAMS, "objective": _broken}, lightgbm.Dataset(X, Y), 2)

    def check_run(self, run: Run) -> None:
        assert run.params["objective"] == "binary"
        assert run.params["effective.num_leaves"] == 31
        best = int(run.metrics["best_iteration"])
        assert run.metrics["best_score"] == run.history("valid-binary_logloss").value[best - 1]
        assert "model/model.lgb" in list(run.artifacts())


class TestCv(PatcherContract):
    patcher = patcher
    framework = "lightgbm"

    def train(self) -> Any:
        return lightgbm.cv(PARAMS, lightgbm.Dataset(X, Y), 4, nfold=3)

    def fail(self) -> None:
        lightgbm.cv({**PARAMS, "objective": _broken}, lightgbm.Dataset(X, Y), 2)

    def check_run(self, run: Run) -> None:
        results = json.loads(run.artifacts().path("cv_results.json").read_text())
        means = [row[results["columns"].index("valid auc-mean")] for row in results["data"]]
        assert list(run.history("valid-auc-mean").value) == means
        folds = [run.history(f"valid-auc-fold{i}").value for i in range(3)]
        assert np.mean(folds, axis=0).tolist() == means


class TestEstimators(PatcherContract):
    patcher = patcher
    framework = "lightgbm"

    def train(self) -> Any:
        model = lightgbm.LGBMClassifier(n_estimators=3, n_jobs=1, min_child_samples=3, verbose=-1)
        return model.fit(X, Y, **evals(X[40:], Y[40:])).predict_proba(X).tolist()

    def fail(self) -> None:
        lightgbm.LGBMRegressor(n_estimators=3, objective=_broken).fit(X, Y)

    def check_run(self, run: Run) -> None:
        assert run.params["n_estimators"] == 3
        assert list(run.history("valid_0-binary_logloss").step) == [0, 1, 2]
        assert "model/model.lgb" in list(run.artifacts())
