"""XGBoost on a Dask cluster of processes: the workers record, into one run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dask.array
import numpy as np
import pytest
import xgboost
import xgboost.dask
from distributed import Client, LocalCluster

import autolog
from autolog import flavors
from autolog.autolog.xgboost.callback import DistantCurves

from .conftest import Runs

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # Dask's own

PARAMS = {"objective": "binary:logistic", "max_depth": 2}


@pytest.fixture(scope="module", params=["processes", "threads"])
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    processes = request.param == "processes"
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=processes, dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def parts(rows: tuple[np.ndarray, np.ndarray]) -> tuple[Any, Any]:
    X, y = rows
    return dask.array.from_array(X, chunks=(30, 4)), dask.array.from_array(y, chunks=30)


def writers(run: Any) -> int:
    """How many processes wrote about it."""
    folder = run.artifacts().path("booster.json").parents[1]
    return len(list(folder.glob("events-*.jsonl")))


def test_train(runs: Runs, client: Client, parts: tuple[Any, Any]) -> None:
    matrix = xgboost.dask.DaskDMatrix(client, *parts)
    result = xgboost.dask.train(client, PARAMS, matrix, 5, evals=[(matrix, "train")], verbose_eval=False)
    (run,) = runs()
    assert (run.name, run.status) == ("xgboost.dask.train", "FINISHED")
    assert list(run.history("train-logloss").step) == [0, 1, 2, 3, 4]
    assert list(run.history("train-logloss").value) == result["history"]["train"]["logloss"]
    assert writers(run) == (2 if client.cluster.processes else 1), "the rounds were recorded where they were"
    assert run.metrics["n_rounds"] == 5
    assert "model/model.ubj" in list(run.artifacts())


@pytest.mark.parametrize("frameworks", [None, ["xgboost"]])
def test_estimators(runs: Runs, client: Client, parts: tuple[Any, Any], frameworks: list[str] | None) -> None:
    autolog.enable(store="runs", frameworks=frameworks)
    model = xgboost.dask.DaskXGBClassifier(n_estimators=4, early_stopping_rounds=2)
    model.client = client
    model.fit(*parts, eval_set=[parts], verbose=False)
    predicted = model.predict(parts[0]).compute()
    (run,) = runs()
    assert run.name == "DaskXGBClassifier"
    assert list(run.history("validation_0-logloss").step) == [0, 1, 2, 3]
    assert run.metrics["best_iteration"] == model.best_iteration
    loaded = flavors.load_model(run.artifacts().path("model"))
    assert type(loaded) is xgboost.XGBClassifier
    assert (loaded.predict(parts[0].compute()) == predicted).all()


def test_what_a_worker_cannot_record_is_taken_from_the_result(
    runs: Runs, client: Client, parts: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DistantCurves, "__reduce__", lambda self: (xgboost.callback.TrainingCallback, ()))
    monkeypatch.setattr(DistantCurves, "after_iteration", lambda *given: False)
    matrix = xgboost.dask.DaskDMatrix(client, *parts)
    xgboost.dask.train(client, PARAMS, matrix, 3, evals=[(matrix, "train")], verbose_eval=False)
    assert list(runs()[0].history("train-logloss").step) == [0, 1, 2]


def test_without_autolog_the_callback_does_nothing() -> None:
    function, (code, given) = DistantCurves(None, b"").__reduce__()
    arrived = function(code.replace("('autolog')", "('no_such_package')"), given)
    assert type(arrived) is xgboost.callback.TrainingCallback
