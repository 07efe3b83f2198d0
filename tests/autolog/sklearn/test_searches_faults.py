"""Searches in programs of their own, searches that are killed, and stores that cannot be written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier

import autolog
from tests.autolog.sklearn.test_searches import Refuses
from tests.autolog.sklearn.trials_read import assert_all_recorded, trials

X, Y = make_classification(90, 5, random_state=0)

SCRIPT = """
import sys, time
import autolog
autolog.enable(store="runs", models=False)
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier

class Slow(KNeighborsClassifier):
    def fit(self, X, y):
        time.sleep(0.1)
        return super().fit(X, y)

search = GridSearchCV(Slow(), {"n_neighbors": list(range(1, 40))}, cv=3, n_jobs=int(sys.argv[1]))
search.fit(*load_iris(return_X_y=True))
"""


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_killed_half_way_finished_trials_stay(jobs: int, tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(jobs)], start_new_session=True)
    wait_for(lambda: len(finished()) >= 3)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert len(finished()) >= 3
    for run in finished():
        assert sorted(run.history("test_score").step) == [0, 1, 2]
        assert run.metrics["mean_test_score"] == pytest.approx(np.mean(run.history("test_score").value))
    (search,) = [run for run in autolog.search_runs(store="runs") if run.parent_id is None]
    assert search.status == "RUNNING"
    assert search.stale


def finished() -> list[Any]:
    if not Path("runs").exists():
        return []
    return [run for run in autolog.search_runs(store="runs") if run.parent_id and run.status == "FINISHED"]


def wait_for(condition: Any) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


class Interrupted(Refuses):
    def fit(self, X: Any, y: Any) -> Refuses:
        if self.a == 3:
            raise KeyboardInterrupt
        return super().fit(X, y)


def test_interrupted(runs: Any) -> None:
    with pytest.raises(KeyboardInterrupt):
        GridSearchCV(Interrupted(), {"a": [1, 3, 2]}, cv=3).fit(X, Y)
    (run,) = [run for run in runs() if run.parent_id is None]
    assert run.status == "KILLED"
    assert [child.status for child in trials(run)] == ["FINISHED", "KILLED"]


def test_the_store_goes_away_half_way(monkeypatch: pytest.MonkeyPatch, runs: Any) -> None:
    from autolog.store.log import EventLog

    bare = GridSearchCV(DecisionTreeClassifier(random_state=0), {"max_depth": [1, 2, 3]}, cv=3)
    with autolog.suppressed():
        bare.fit(X, Y)
    append, calls = EventLog.append, iter(range(1000))

    def full(self: EventLog, data: bytes) -> None:
        if next(calls) > 20:
            raise OSError(28, "No space left on device")
        append(self, data)

    monkeypatch.setattr(EventLog, "append", full)
    ours = GridSearchCV(DecisionTreeClassifier(random_state=0), {"max_depth": [1, 2, 3]}, cv=3).fit(X, Y)
    assert ours.cv_results_["mean_test_score"].tolist() == bare.cv_results_["mean_test_score"].tolist()


def test_an_error_of_ours_is_not_the_users(monkeypatch: pytest.MonkeyPatch, runs: Any) -> None:
    from autolog.autolog.sklearn import ledger
    from autolog.tracking import contain

    def broken(*args: object) -> None:
        raise RuntimeError("a bug of ours")

    monkeypatch.setattr(contain, "strict", False)
    for name in ("begin", "trial", "fold", "settle", "rank", "mark_best", "close"):
        with monkeypatch.context() as patch:
            patch.setattr(ledger.Search, name, broken)
            search = GridSearchCV(DecisionTreeClassifier(), {"max_depth": [1, 2]}, cv=2).fit(X, Y)
            assert search.best_index_ in (0, 1)


LATE = """
import autolog
autolog.enable(store="runs", models=False)
from sklearn.experimental import enable_halving_search_cv
from sklearn.datasets import load_iris
from sklearn.model_selection import HalvingGridSearchCV
from sklearn.tree import DecisionTreeClassifier

search = HalvingGridSearchCV(DecisionTreeClassifier(), {"max_depth": [1, 2, 3]}, cv=3, factor=2)
search.fit(*load_iris(return_X_y=True))
print(len(search.cv_results_["params"]))
"""


@pytest.mark.slow
def test_halving_imported_after_enable() -> None:
    done = subprocess.run([sys.executable, "-c", LATE], check=True, capture_output=True, text=True)
    (run,) = [run for run in autolog.search_runs(store="runs") if run.parent_id is None]
    assert len(trials(run)) == int(done.stdout)


DASK = """
import autolog
autolog.enable(store="runs", models=False)
import joblib
from dask.distributed import Client, LocalCluster
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier

if __name__ == "__main__":
    import pickle
    X, y = make_classification(90, 5, random_state=0)
    options = dict(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None)
    with LocalCluster(**options) as cluster, Client(cluster), joblib.parallel_config(backend="dask"):
        search = GridSearchCV(DecisionTreeClassifier(), {"max_depth": [1, 2, 3, -1]}, cv=3).fit(X, y)
    autolog.disable()
    with open("search.pickle", "wb") as file:
        pickle.dump(search, file)
"""


@pytest.mark.slow
def test_dask_workers(tmp_path: Path) -> None:
    import pickle

    Path("script.py").write_text(DASK)
    subprocess.run([sys.executable, "-W", "ignore", "script.py"], check=True, timeout=120)
    search = pickle.loads(Path("search.pickle").read_bytes())
    (run,) = [run for run in autolog.search_runs(store="runs") if run.parent_id is None]
    children = assert_all_recorded(search, run)
    assert [child.status for child in children] == ["FINISHED"] * 3 + ["FAILED"]


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_workers_that_record_nothing(monkeypatch: pytest.MonkeyPatch, runs: Any) -> None:
    """As workers on another machine without the folder: the search's process has it all at the end."""
    import sklearn.model_selection._search as module
    from sklearn.model_selection import _validation

    monkeypatch.setattr(module, "_fit_and_score", _validation._fit_and_score.__wrapped__)
    search = GridSearchCV(DecisionTreeClassifier(), {"max_depth": [1, 2, -1]}, cv=3)
    with pytest.warns(match="3 fits failed"):
        search.fit(X, Y)
    (run,) = [run for run in runs() if run.parent_id is None]
    children = assert_all_recorded(search, run)
    assert [child.status for child in children] == ["FINISHED", "FINISHED", "FAILED"]
