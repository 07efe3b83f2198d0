"""LightGBM on a Dask cluster of processes: the workers record, into one run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dask.array
import lightgbm
import numpy as np
import pytest
from distributed import Client, LocalCluster

import autolog
from autolog import flavors
from autolog.autolog.lightgbm.callback import DistantCurves

from .conftest import Runs

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # Dask's own

SMALL = {"n_estimators": 4, "num_leaves": 4, "min_child_samples": 3, "verbose": -1}


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
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


@pytest.mark.parametrize("frameworks", [None, ["lightgbm"]])
def test_estimators(runs: Runs, client: Client, parts: tuple[Any, Any], frameworks: list[str] | None) -> None:
    autolog.enable(store="runs", frameworks=frameworks)
    model = lightgbm.DaskLGBMClassifier(client=client, **SMALL)
    model.fit(*parts, eval_X=parts[0], eval_y=parts[1])
    predicted = model.predict(parts[0]).compute()
    (run,) = runs()
    assert run.name == "DaskLGBMClassifier"
    assert list(run.history("valid_0-binary_logloss").step) == [0, 1, 2, 3]
    assert (
        list(run.history("valid_0-binary_logloss").value) == model.evals_result_["valid_0"]["binary_logloss"]
    )
    assert writers(run) == 2, "the rounds were recorded where they were"
    loaded = flavors.load_model(run.artifacts().path("model"))
    assert type(loaded) is lightgbm.LGBMClassifier
    assert (loaded.predict(parts[0].compute()) == predicted).all()


def test_what_a_worker_cannot_record_is_taken_from_the_result(
    runs: Runs, client: Client, parts: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DistantCurves, "__reduce__", lambda self: (lightgbm.log_evaluation, (0,)))
    model = lightgbm.DaskLGBMClassifier(client=client, **SMALL)
    model.fit(*parts, eval_X=parts[0], eval_y=parts[1])
    assert list(runs()[0].history("valid_0-binary_logloss").step) == [0, 1, 2, 3]


def test_without_autolog_the_callback_does_nothing() -> None:
    function, (code, given) = DistantCurves(None, b"").__reduce__()
    arrived = function(code.replace("('autolog')", "('no_such_package')"), given)
    assert type(arrived) is type(lightgbm.log_evaluation(0))
