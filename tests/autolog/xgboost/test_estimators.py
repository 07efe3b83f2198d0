"""XGBoost's scikit-learn estimators: alone, and as part of what scikit-learn's patcher records."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn.base import clone
from sklearn.ensemble import VotingClassifier
from sklearn.feature_selection import SelectFromModel
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import autolog
from autolog import flavors

from .conftest import Runs

Rows = tuple[np.ndarray, np.ndarray]


def small(**params: Any) -> xgboost.XGBClassifier:
    return xgboost.XGBClassifier(**({"n_estimators": 4, "max_depth": 2, "n_jobs": 1} | params))


def curves(run: Any) -> list[str]:
    return sorted(name for name in run.metrics if "-" in name)


def read(run: Any, path: str) -> Any:
    return json.loads(run.artifacts().path(path).read_text())


@pytest.mark.parametrize("frameworks", [None, ["xgboost"]])
def test_one_fit_is_one_run_whoever_records_it(runs: Runs, rows: Rows, frameworks: list[str] | None) -> None:
    autolog.enable(store="runs", frameworks=frameworks)
    X, y = rows
    model = small(early_stopping_rounds=2, n_estimators=50)
    model.fit(X[:60], y[:60], eval_set=[(X[:60], y[:60]), (X[60:], y[60:])], verbose=False)
    (run,) = runs()
    assert run.name == "XGBClassifier"
    assert run.params["max_depth"] == run.params["effective.max_depth"] == 2
    result = model.evals_result()
    for number in (0, 1):
        values = run.history(f"validation_{number}-logloss").value
        assert list(values) == result[f"validation_{number}"]["logloss"]
    assert (run.metrics["best_iteration"], run.metrics["best_score"]) == (
        model.best_iteration,
        model.best_score,
    )
    assert ("training_accuracy" in run.metrics) == (frameworks is None)
    assert {"weight", "gain", "total_cover"} < set(read(run, "feature_importances.json")["columns"])
    loaded = flavors.load_model(run.artifacts().path("model"))
    assert (loaded.predict_proba(X) == model.predict_proba(X)).all()


@pytest.mark.parametrize("frameworks", [None, ["xgboost"]])
@pytest.mark.parametrize(
    "model",
    [
        xgboost.XGBRegressor(n_estimators=3, eval_metric=["rmse", "mae"]),
        xgboost.XGBRFClassifier(n_estimators=3, eval_metric="auc"),
        xgboost.XGBRFRegressor(n_estimators=3),
    ],
)
def test_the_other_estimators(runs: Runs, rows: Rows, frameworks: list[str] | None, model: Any) -> None:
    autolog.enable(store="runs", frameworks=frameworks, models=False)
    clone(model).fit(*rows, eval_set=[rows], verbose=False)
    (run,) = runs()
    assert run.name == type(model).__name__
    metrics = np.atleast_1d(model.eval_metric or "rmse")
    assert curves(run) == sorted(f"validation_0-{metric}" for metric in metrics)
    assert len(run.history(curves(run)[0]).value) == (1 if "RF" in run.name else 3)


@pytest.mark.parametrize("frameworks", [None, ["xgboost"]])
def test_a_ranker(runs: Runs, rows: Rows, frameworks: list[str] | None) -> None:
    autolog.enable(store="runs", frameworks=frameworks)
    X, y = rows
    queries = np.repeat(np.arange(9), 10)
    model = xgboost.XGBRanker(n_estimators=3).fit(
        X, y, qid=queries, eval_set=[(X, y)], eval_qid=[queries], verbose=False
    )
    (run,) = runs()
    assert len(run.history("validation_0-ndcg@32").value) == 3
    loaded = flavors.load_model(run.artifacts().path("model"))
    assert (loaded.predict(X) == model.predict(X)).all()


def test_the_last_step_of_a_pipeline(runs: Runs, rows: Rows) -> None:
    X, y = pd.DataFrame(rows[0], columns=list("abcd")), rows[1]
    pipeline = make_pipeline(StandardScaler(), small())
    pipeline.fit(X, y, xgbclassifier__eval_set=[rows], xgbclassifier__verbose=False)
    (run,) = runs()
    assert run.name == "Pipeline"
    assert list(run.history("validation_0-logloss").step) == [0, 1, 2, 3]
    assert run.params["effective.max_depth"] == run.params["xgbclassifier__max_depth"] == 2
    table = read(run, "feature_importances.json")
    assert table["columns"][:2] == ["feature", "importance"]
    assert {row[0] for row in table["data"]} == set("abcd")
    assert "model/MLmodel" in list(run.artifacts())


@pytest.mark.parametrize(
    "model",
    [
        VotingClassifier([("a", small()), ("b", small())]),
        OneVsRestClassifier(small()),
        make_pipeline(SelectFromModel(small()), StandardScaler(), VotingClassifier([("a", small())])),
    ],
)
def test_members_add_nothing(runs: Runs, rows: Rows, model: Any) -> None:
    model.fit(*rows)
    (run,) = runs()
    assert "n_rounds" not in run.metrics
    assert not any(name.startswith("effective.") for name in run.params)


def test_trials_of_a_search_have_no_curves(runs: Runs, rows: Rows) -> None:
    search = GridSearchCV(small(), {"max_depth": [1, 2]}, cv=2).fit(*rows, eval_set=[rows], verbose=False)
    top, *trials = sorted(runs(), key=lambda run: run.parent_id is not None)
    assert [trial.params["max_depth"] for trial in sorted(trials, key=lambda run: run.name)] == [1, 2]
    for run in (top, *trials):
        assert curves(run) == []
    loaded = flavors.load_model(top.artifacts().path("model"))
    assert (loaded.predict(rows[0]) == search.predict(rows[0])).all()
    assert "total_gain" in read(top, "feature_importances.json")["columns"]


def test_a_cross_validation_of_scikit_learn(runs: Runs, rows: Rows) -> None:
    cross_val_score(small(), *rows, cv=2)
    (run,) = runs()
    assert "n_rounds" not in run.metrics


def test_excluded_by_class(runs: Runs, rows: Rows) -> None:
    for frameworks in (None, ["xgboost"]):
        autolog.enable(store="runs", frameworks=frameworks, exclude=["XGBClassifier"])
        small().fit(*rows)
    assert runs() == []


def test_the_estimator_stays_the_users(runs: Runs, rows: Rows) -> None:
    mine = [xgboost.callback.EarlyStopping(rounds=9)]
    model = small(callbacks=mine).fit(*rows, eval_set=[rows], verbose=False)
    assert model.callbacks is mine
    assert len(mine) == 1
    assert b"autolog" not in pickle.dumps(model)
    assert clone(model).get_params()["max_depth"] == 2


def test_fits_in_a_run_of_the_users(runs: Runs, rows: Rows) -> None:
    with autolog.run("mine"):
        small().fit(*rows, eval_set=[rows], verbose=False)
        small().fit(*rows, eval_set=[rows], verbose=False)
    first, second = sorted(runs(), key=lambda run: run.parent_id is not None)
    assert (first.name, second.parent_id) == ("mine", first.id)
    for run in (first, second):
        assert list(run.history("validation_0-logloss").step) == [0, 1, 2, 3]


ENABLED_FIRST = """
import autolog
autolog.enable(store="runs")
from xgboost import DMatrix, XGBClassifier, train
from lightgbm import Dataset, LGBMClassifier, train as train_lightgbm
import numpy as np
X = np.random.RandomState(0).random_sample((80, 4))
y = (X[:, 0] > 0.5).astype(int)
train({"nthread": 1}, DMatrix(X, y), 2)
XGBClassifier(n_estimators=2).fit(X, y)
train_lightgbm({"verbose": -1}, Dataset(X, y), 2)
LGBMClassifier(n_estimators=2, verbose=-1).fit(X, y)
"""


@pytest.mark.slow
def test_enabled_before_the_import() -> None:
    done = subprocess.run([sys.executable, "-c", ENABLED_FIRST], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    names = ["xgboost.train", "XGBClassifier", "lightgbm.train", "LGBMClassifier"]
    assert [run.name for run in reversed(autolog.search_runs(store="runs"))] == names
