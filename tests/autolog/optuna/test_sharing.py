"""A study that is kept in a storage has one run, whoever works on it."""

from __future__ import annotations

import pickle
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import optuna
import pytest

import autolog
from autolog.autolog.optuna.sharing import address
from autolog.store.events import Delete

from .conftest import Runs, best, study, trials_of

SQLITE = "sqlite:///studies.db"


def journal() -> optuna.storages.BaseStorage:
    try:
        from optuna.storages.journal import JournalFileBackend
    except ModuleNotFoundError:  # before Optuna 4.0
        from optuna.storages import JournalFileStorage as JournalFileBackend

    return optuna.storages.JournalStorage(JournalFileBackend("studies.log"))


def square(trial: optuna.Trial) -> float:
    return trial.suggest_float("x", -1, 1) ** 2


def tops(runs: Runs) -> list[Any]:
    return [run for run in runs() if run.parent_id is None]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
@pytest.mark.parametrize("storage", [lambda: SQLITE, journal], ids=["sqlite", "journal"])
def test_a_study_that_is_loaded_again_goes_on_in_its_run(runs: Runs, storage: Any) -> None:
    study(study_name="long", storage=storage()).optimize(square, n_trials=4)
    loaded = optuna.load_study(study_name="long", storage=storage())
    loaded.optimize(square, n_trials=4)
    (run,) = tops(runs)
    assert run.status == "FINISHED"
    assert [trial.tags["autolog.trial"] for trial in trials_of(run)] == list("01234567")
    assert best(run) == [loaded.best_trial.number]
    assert len(run.history("value")) == 8


@pytest.mark.slow
def test_a_study_that_was_deleted_is_another_one(runs: Runs) -> None:
    for _ in range(2):
        study(study_name="long", storage=SQLITE).optimize(square, n_trials=2)
        optuna.delete_study(study_name="long", storage=SQLITE)
    assert [len(trials_of(run)) for run in tops(runs)] == [2, 2]


@pytest.mark.slow
def test_a_run_that_was_deleted_is_not_gone_on_with(runs: Runs) -> None:
    for _ in range(2):
        study(study_name="long", storage=SQLITE, load_if_exists=True).optimize(square, n_trials=2)
        (run,) = tops(runs)
        autolog.open_store("runs").join(run.id).write(Delete(0, int(time.time() * 1000)))
    assert tops(runs) == []


@pytest.mark.slow
def test_studies_of_two_names_or_storages_are_two(runs: Runs) -> None:
    for name, storage in [("one", SQLITE), ("two", SQLITE), ("one", "sqlite:///other.db"), ("one", None)]:
        study(study_name=name, storage=storage).optimize(square, n_trials=1)
    assert len(tops(runs)) == 4


def test_a_study_inside_a_run_of_the_users_is_that_runs(runs: Runs) -> None:
    study(study_name="long", storage=SQLITE).optimize(square, n_trials=1)
    with autolog.run("mine"):
        for _ in range(2):
            optuna.load_study(study_name="long", storage=SQLITE).optimize(square, n_trials=1)
    alone, mine = sorted(tops(runs), key=lambda run: run.name)
    assert [trial.name for trial in trials_of(alone)] == ["trial 0"]
    assert [trial.name for trial in trials_of(mine)] == ["trial 1", "trial 2"]


def test_trials_from_before_recording_are_left_alone(runs: Runs) -> None:
    autolog.disable()
    made = study(study_name="long", storage=SQLITE)
    made.enqueue_trial({"x": 0.5})
    made.optimize(square, n_trials=1)
    autolog.enable(store="runs", silent=True)
    made.enqueue_trial({"x": 0.1})
    made.enqueue_trial({"x": 0.9})
    made.optimize(square, n_trials=2)
    (run,) = tops(runs)
    assert [trial.name for trial in trials_of(run)] == ["trial 1", "trial 2"]
    assert best(run) == [1]
    assert len(runs()) == 3


def test_the_mark_of_another_process_moves_too(runs: Runs) -> None:
    first = study(study_name="long", storage=SQLITE)
    second = optuna.load_study(study_name="long", storage=SQLITE)
    second.tell(second.ask(), 4.0)
    for value in (3.0, 2.0):
        first.tell(first.ask(), value)
    second.tell(second.ask(), 2.5)
    assert best(tops(runs)[0]) == [2]
    second.tell(second.ask(), 1.0)
    assert best(tops(runs)[0]) == [4]


def test_a_trial_asked_for_here_and_told_there(runs: Runs) -> None:
    first = study(study_name="long", storage=SQLITE)
    x = first.ask().suggest_float("x", 0, 1)
    optuna.load_study(study_name="long", storage=SQLITE).tell(0, 1.0)
    (trial,) = trials_of(tops(runs)[0])
    assert (trial.status, trial.params, trial.metrics["value"]) == ("FINISHED", {"x": x}, 1.0)


def test_a_study_that_was_pickled_is_itself(runs: Runs) -> None:
    made = study()
    made.optimize(square, n_trials=2)
    again = pickle.loads(pickle.dumps(made))
    assert set(vars(again)) == set(vars(made))
    again.optimize(square, n_trials=2)
    assert [run.tags["autolog.framework"] for run in tops(runs)] == ["optuna", "optuna"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:///a/../studies.db", "sqlite:///{here}/studies.db"),
        ("sqlite:////tmp/studies.db", "sqlite:////tmp/studies.db"),
        ("sqlite:///:memory:", None),
        ("sqlite://", None),
        ("postgresql://me:secret@host/studies", "postgresql://host/studies"),
    ],
)
def test_addresses(tmp_path: Path, url: str, expected: str | None) -> None:
    class Backend:
        pass

    class Study:
        _storage = Backend()

    Study._storage.url = url  # type: ignore[attr-defined]
    assert address(Study()) == (expected and expected.format(here=tmp_path))


WORKER = """
import sys, time
import autolog, optuna
autolog.enable(store="runs")
optuna.logging.set_verbosity(optuna.logging.ERROR)

def objective(trial):
    time.sleep(0.02)
    return trial.suggest_float("x", -1, 1) ** 2

study = optuna.create_study(study_name="both", storage=sys.argv[1], load_if_exists=True)
study.optimize(objective, n_trials=10)
"""


@pytest.mark.slow
def test_two_processes_on_one_storage(runs: Runs) -> None:
    optuna.create_study(study_name="both", storage=SQLITE)
    command = [sys.executable, "-c", WORKER, SQLITE]
    workers = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(2)]
    assert [worker.communicate(timeout=100)[1] for worker in workers] == [b"", b""]
    made = optuna.load_study(study_name="both", storage=SQLITE)
    (run,) = tops(runs)
    trials = trials_of(run)
    assert run.status == "FINISHED"
    assert [trial.params for trial in trials] == [trial.params for trial in made.trials]
    assert [trial.status for trial in trials] == ["FINISHED"] * 20
    assert len({trial.tags["autolog.trial"] for trial in trials}) == 20
    assert best(run) == [made.best_trial.number]
    assert len(run.history("best_value")) == 20


FORKING = """
import multiprocessing, sys
import autolog, optuna
autolog.enable(store="runs")
optuna.logging.set_verbosity(optuna.logging.ERROR)

def work(n):
    optuna.load_study(study_name="both", storage="sqlite:///studies.db").optimize(
        lambda trial: trial.suggest_float("x", -1, 1), n_trials=n)

if __name__ == "__main__":
    study = optuna.create_study(study_name="both", storage="sqlite:///studies.db")
    study.optimize(lambda trial: 3.0, n_trials=1)
    context = multiprocessing.get_context(sys.argv[1])
    workers = [context.Process(target=work, args=(3,)) for _ in range(2)]
    [worker.start() for worker in workers]
    [worker.join() for worker in workers]
"""


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_children_of_one_process(runs: Runs, method: str) -> None:
    Path("program.py").write_text(FORKING)
    done = subprocess.run(
        [sys.executable, "program.py", method], capture_output=True, text=True, check=True, timeout=100
    )
    assert done.stderr == ""
    (run,) = tops(runs)
    assert run.status == "FINISHED"
    assert [trial.status for trial in trials_of(run)] == ["FINISHED"] * 7
    assert len(best(run)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("outside", [False, True])
def test_workers_of_joblib(runs: Runs, outside: bool) -> None:
    import joblib

    storage = f"sqlite:///{Path.cwd()}/studies.db"  # the workers are in some other folder
    optuna.create_study(study_name="both", storage=storage)

    def work() -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        optuna.load_study(study_name="both", storage=storage).optimize(square, n_trials=3)

    with autolog.run("mine") if outside else nullcontext():
        joblib.Parallel(2)(joblib.delayed(work)() for _ in range(2))
    (top,) = tops(runs)
    if outside:
        assert top.name == "mine"
        (top,) = top.children()
    assert (top.name, top.status) == ("both", "FINISHED")
    assert [trial.tags["autolog.trial"] for trial in trials_of(top)] == list("012345")
    assert len(best(top)) == 1
