"""LightGBM's scikit-learn estimators: alone, and as part of what scikit-learn's patcher records."""

from __future__ import annotations

import json
import pickle
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import VotingClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import autolog
from autolog import flavors

from .conftest import Runs, evals

pytestmark = pytest.mark.filterwarnings("ignore:X does not have valid feature names")  # LightGBM 4.6

Rows = tuple[np.ndarray, np.ndarray]


def small(**params: Any) -> lightgbm.LGBMClassifier:
    own = {"n_estimators": 4, "num_leaves": 4, "min_child_samples": 3, "n_jobs": 1, "verbose": -1}
    return lightgbm.LGBMClassifier(**(own | params))


def read(run: Any, path: str) -> Any:
    return json.loads(run.artifacts().path(path).read_text())


@pytest.mark.parametrize("frameworks", [None, ["lightgbm"]])
def test_one_fit_is_one_run_whoever_records_it(runs: Runs, rows: Rows, frameworks: list[str] | None) -> None:
    autolog.enable(store="runs", frameworks=frameworks)
    X, y = rows
    model = small(n_estimators=50)
    stopping = lightgbm.early_stopping(2, verbose=False)
    model.fit(X[:60], y[:60], **evals(X[60:], y[60:]), callbacks=[stopping])
    (run,) = runs()
    assert run.name == "LGBMClassifier"
    assert run.params["num_leaves"] == run.params["effective.num_leaves"] == 4
    assert (
        list(run.history("valid_0-binary_logloss").value)
        == (model.evals_result_["valid_0"]["binary_logloss"])
    )
    assert run.metrics["best_iteration"] == model.best_iteration_
    assert ("training_accuracy" in run.metrics) == (frameworks is None)
    assert {"split", "gain"} < set(read(run, "feature_importances.json")["columns"])
    loaded = flavors.load_model(run.artifacts().path("model"))
    assert (loaded.predict(X) == model.predict(X)).all()


@pytest.mark.parametrize("frameworks", [None, ["lightgbm"]])
def test_a_ranker(runs: Runs, rows: Rows, frameworks: list[str] | None) -> None:
    autolog.enable(store="runs", frameworks=frameworks)
    X, y = rows
    model = lightgbm.LGBMRanker(n_estimators=3, min_child_samples=3, verbose=-1)
    model.fit(X, y, group=[10] * 9, **evals(X, y), eval_group=[[10] * 9], eval_at=[3])
    (run,) = runs()
    assert len(run.history("training-ndcg@3").value) == 3
    loaded = flavors.load_model(run.artifacts().path("model"))
    assert (loaded.predict(X) == model.predict(X)).all()


def test_the_last_step_of_a_pipeline(runs: Runs, rows: Rows) -> None:
    X, y = pd.DataFrame(rows[0], columns=list("abcd")), rows[1]
    pipeline = make_pipeline(StandardScaler(), small())
    pipeline.fit(X, y, **{f"lgbmclassifier__{name}": given for name, given in evals(*rows).items()})
    (run,) = runs()
    assert run.name == "Pipeline"
    assert list(run.history("valid_0-binary_logloss").step) == [0, 1, 2, 3]
    assert {row[0] for row in read(run, "feature_importances.json")["data"]} == set("abcd")
    assert "model/MLmodel" in list(run.artifacts())


def test_members_and_trials_add_nothing(runs: Runs, rows: Rows) -> None:
    VotingClassifier([("a", small()), ("b", small())]).fit(*rows)
    GridSearchCV(small(), {"num_leaves": [3, 4]}, cv=2).fit(*rows)
    found = runs()
    assert sorted(run.name for run in found) == ["GridSearchCV", "VotingClassifier", "trial 0", "trial 1"]
    for run in found:
        assert "n_rounds" not in run.metrics


def test_the_estimator_stays_the_users(runs: Runs, rows: Rows) -> None:
    model = small().fit(*rows)
    assert b"autolog" not in pickle.dumps(model)
    assert clone(model).get_params()["num_leaves"] == 4


def test_fits_in_a_run_of_the_users(runs: Runs, rows: Rows) -> None:
    with autolog.run("mine"):
        small().fit(*rows, **evals(*rows))
        small().fit(*rows, **evals(*rows))
    first, second = sorted(runs(), key=lambda run: run.parent_id is not None)
    assert (first.name, second.parent_id) == ("mine", first.id)
    for run in (first, second):
        assert run.metrics["n_rounds"] == 4
