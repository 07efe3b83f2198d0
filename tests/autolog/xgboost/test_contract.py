"""The XGBoost patcher keeps the contract that every patcher keeps."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xgboost

from autolog.autolog.xgboost import patcher
from autolog.store.runs import Run
from autolog.testing import PatcherContract

X = np.random.RandomState(0).random_sample((80, 4))
Y = (X[:, 0] > 0.5).astype(int)
PARAMS = {"objective": "binary:logistic", "nthread": 1, "eval_metric": ["logloss", "auc"]}


def _broken(predicted: np.ndarray, data: xgboost.DMatrix) -> None:
    raise LookupError("an objective of the user's")


class TestTrain(PatcherContract):
    patcher = patcher
    framework = "xgboost"

    def train(self) -> Any:
        train, valid = xgboost.DMatrix(X[:50], Y[:50]), xgboost.DMatrix(X[50:], Y[50:])
        booster = xgboost.train(
            PARAMS, train, 12, evals=[(valid, "valid")], early_stopping_rounds=3, verbose_eval=False
        )
        return booster.predict(valid).tolist()

    def fail(self) -> None:
        xgboost.train(PARAMS, xgboost.DMatrix(X, Y), 2, obj=_broken)

    def check_run(self, run: Run) -> None:
        assert run.params["objective"] == "binary:logistic"
        assert run.params["effective.max_depth"] == 6
        assert len(run.history("valid-logloss").value) == run.metrics["n_rounds"]
        assert run.metrics["best_score"] == run.history("valid-auc").value[int(run.metrics["best_iteration"])]
        assert "model/model.ubj" in list(run.artifacts())


class TestCv(PatcherContract):
    patcher = patcher
    framework = "xgboost"

    def train(self) -> Any:
        return xgboost.cv(PARAMS, xgboost.DMatrix(X, Y), 4, nfold=3).to_dict("list")

    def fail(self) -> None:
        xgboost.cv(PARAMS, xgboost.DMatrix(X, Y), 2, obj=_broken)

    def check_run(self, run: Run) -> None:
        results = json.loads(run.artifacts().path("cv_results.json").read_text())
        means = [row[results["columns"].index("test-auc-mean")] for row in results["data"]]
        assert list(run.history("test-auc-mean").value) == means
        folds = [run.history(f"test-auc-fold{i}").value for i in range(3)]
        assert np.mean(folds, axis=0).tolist() == means


class TestEstimators(PatcherContract):
    patcher = patcher
    framework = "xgboost"

    def train(self) -> Any:
        model = xgboost.XGBClassifier(n_estimators=3, n_jobs=1).fit(X, Y, eval_set=[(X, Y)], verbose=False)
        return model.predict_proba(X).tolist()

    def fail(self) -> None:
        xgboost.XGBClassifier(n_estimators=3).fit(X, Y + 5)

    def check_run(self, run: Run) -> None:
        assert run.name == "XGBClassifier" or run.parent_id is None
        assert run.params["n_estimators"] == 3
        assert list(run.history("validation_0-logloss").step) == [0, 1, 2]
        assert "model/model.ubj" in list(run.artifacts())
