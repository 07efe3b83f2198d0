"""Fits in worker threads and processes land under the run that handed the work out."""

from __future__ import annotations

import multiprocessing
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from joblib import Parallel, delayed
from sklearn.linear_model import LinearRegression

import autolog
from autolog.autolog.workers import Carried, Ticket
from autolog.tracking.context import current, entered

X = np.arange(40.0).reshape(20, 2)
Y = X @ [1.0, 2.0]


def fit_one(number: int) -> float:
    model = LinearRegression(fit_intercept=bool(number % 2)).fit(X, Y)
    return float(model.coef_[0])


def log_one(number: int) -> None:
    autolog.log_metric("number", number, step=number)


def in_pool(context: Any) -> list[float]:
    with context.Pool(2) as pool:
        return pool.map(fit_one, range(4))


@pytest.fixture
def enabled() -> None:
    autolog.enable(models=False)


@pytest.mark.slow
@pytest.mark.usefixtures("enabled")
@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing", "sequential"])
def test_fits_in_joblib_are_nested_in_the_users_run(backend: str) -> None:
    with autolog.run("mine") as mine:
        results = Parallel(n_jobs=2, backend=backend)(delayed(fit_one)(i) for i in range(4))
    assert len(results) == 4
    runs = autolog.search_runs()
    nested = [run for run in runs if run.id != mine.id]
    assert {run.parent_id for run in nested} == {mine.id} and len(nested) == 4
    assert {run.status for run in nested} == {"FINISHED"}
    assert all("training_r2" in run.metrics for run in nested)


@pytest.mark.usefixtures("enabled")
@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_without_a_run_each_fit_is_a_run_of_its_own(backend: str) -> None:
    Parallel(n_jobs=2, backend=backend)(delayed(fit_one)(i) for i in range(3))
    runs = autolog.search_runs()
    assert [run.parent_id for run in runs] == [None] * 3


@pytest.mark.slow
@pytest.mark.usefixtures("enabled")
@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing"])
def test_a_bound_fit_can_be_delayed(backend: str) -> None:
    with autolog.run("mine"):
        fitted = Parallel(n_jobs=2, backend=backend)(delayed(LinearRegression().fit)(X, Y) for _ in range(2))
    assert [type(model) for model in fitted] == [LinearRegression] * 2
    assert len(autolog.search_runs("parent IS NOT NULL")) == 2


@pytest.mark.slow
@pytest.mark.usefixtures("enabled")
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_fits_in_multiprocessing_children_are_nested(method: str) -> None:
    with autolog.run("mine") as mine:
        in_pool(multiprocessing.get_context(method))
    assert [run.parent_id for run in autolog.search_runs("parent IS NOT NULL")] == [mine.id] * 4
    assert {run.status for run in autolog.search_runs()} == {"FINISHED"}


@pytest.mark.usefixtures("enabled")
def test_what_workers_log_by_hand_is_the_users_run() -> None:
    with autolog.run("mine"):
        Parallel(n_jobs=2)(delayed(log_one)(i) for i in range(6))
        with multiprocessing.get_context("fork").Pool(2) as pool:
            pool.map(log_one, range(6, 12))
    (run,) = autolog.search_runs()
    assert sorted(run.history("number").value) == [float(i) for i in range(12)]


@pytest.mark.usefixtures("enabled")
@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_suppressed_is_suppressed_in_workers_too(backend: str) -> None:
    with autolog.run("mine"):
        Parallel(n_jobs=2, backend=backend)(delayed(fit_one)(i) for i in range(2))
        with autolog.suppressed():
            Parallel(n_jobs=2, backend=backend)(delayed(fit_one)(i) for i in range(2))
    autolog.disable()
    Parallel(n_jobs=2, backend=backend)(delayed(fit_one)(i) for i in range(2))
    assert len(autolog.search_runs("parent IS NOT NULL")) == 2


@pytest.mark.usefixtures("enabled")
def test_in_the_same_process_the_context_is_the_very_same() -> None:
    with autolog.run("mine") as mine, entered(scope="here"):
        carried = Carried(current, Ticket())
    assert carried().run is mine and carried().scope == "here"
    assert current().run is None


@pytest.mark.usefixtures("enabled")
def test_a_task_loads_where_we_are_not_installed(tmp_path: Path) -> None:
    with autolog.run("mine"):
        task = pickle.dumps(Carried(abs, Ticket()))
    code = f"import pickle, sys; print(pickle.loads({task!r})(-3)); assert 'autolog' not in sys.modules"
    bare = [sys.executable, "-I", "-S", "-c", code]
    assert subprocess.run(bare, capture_output=True, text=True, check=True).stdout == "3\n"


@pytest.mark.usefixtures("enabled")
def test_results_and_order_are_those_of_joblib() -> None:
    seen: list[int] = []

    def tasks() -> Any:
        for i in range(5):
            seen.append(i)
            yield delayed(fit_one)(i)

    with_us = Parallel(n_jobs=2)(tasks())
    autolog.disable()
    assert with_us == Parallel(n_jobs=2)(delayed(fit_one)(i) for i in range(5))
    assert seen == list(range(5))


@pytest.mark.usefixtures("enabled")
@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_an_error_in_a_worker_is_the_users(backend: str) -> None:
    with pytest.raises(ZeroDivisionError), autolog.run("mine"):
        Parallel(n_jobs=2, backend=backend)(delayed(divmod)(1, 0) for _ in range(2))
    assert autolog.search_runs()[0].status == "FAILED"


SCRIPT = """
import autolog
import numpy as np
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator

autolog.enable(models=False)

class Mine(BaseEstimator):
    def __init__(self, number=0):
        self.number = number

    def fit(self, X, y=None):
        return self

    def predict(self, X):
        return np.zeros(len(X))

def work(number):
    return Mine(number).fit(np.zeros((3, 1))).number

with autolog.run("mine"):
    print(Parallel(n_jobs=2)(delayed(work)(i) for i in range(4)))
"""


@pytest.mark.slow
def test_classes_of_the_script_itself_are_hooked_in_workers_too(tmp_path: Path) -> None:
    """They go to the worker by value, which makes them empty first."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("[0, 1, 2, 3]\n", "")
    nested = autolog.search_runs("parent IS NOT NULL")
    assert sorted(run.params["number"] for run in nested) == [0, 1, 2, 3]
