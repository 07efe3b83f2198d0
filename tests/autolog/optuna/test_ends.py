"""How trials and studies end, and what is said about it."""

from __future__ import annotations

import math
import signal
import subprocess
import sys
import threading
from typing import Any

import optuna
import pytest

from .conftest import Runs, best, study, trials_of


def test_intermediate_values_and_pruned_trials(runs: Runs) -> None:
    made = study(pruner=optuna.pruners.ThresholdPruner(upper=5))

    def objective(trial: optuna.Trial) -> float:
        for step in range(0, 100, 10):
            trial.report(step * (trial.number + 1) / 20, step)
            if trial.should_prune():
                raise optuna.TrialPruned(f"at {step}")
        return 1.0

    made.optimize(objective, n_trials=2)
    kept, pruned = trials_of(runs()[0])
    assert kept.status == "FINISHED"
    assert list(kept.history("intermediate_value").step) == list(range(0, 100, 10))
    assert "autolog.pruned" not in kept.tags
    assert (pruned.status, pruned.tags["autolog.pruned"], pruned.error) == ("KILLED", "true", None)
    assert list(pruned.history("intermediate_value").value) == [0, 1, 2, 3, 4, 5, 6]
    assert pruned.metrics["value"] == made.trials[1].value == 6


def test_failed_trials_say_why(runs: Runs) -> None:
    def objective(trial: optuna.Trial) -> Any:
        if trial.number == 0:
            raise ZeroDivisionError("no rows")
        return [math.nan, None, "text", (1.0, 2.0)][trial.number - 1]

    study().optimize(objective, n_trials=5, catch=ZeroDivisionError)
    run = runs()[0]
    first, *others = trials_of(run)
    assert run.status == "FINISHED"
    assert (first.status, first.error) == ("FAILED", "ZeroDivisionError: no rows")
    assert "no rows" in first.artifacts().path("traceback.txt").read_text()
    assert [trial.status for trial in others] == ["FAILED"] * 4
    assert others[0].error == "no value for a trial: nan"
    assert best(run) == []


def test_an_error_ends_trial_and_study(runs: Runs) -> None:
    made, error = study(), ZeroDivisionError("no rows")

    def objective(trial: optuna.Trial) -> float:
        if trial.number == 1:
            raise error
        return 1.0

    with pytest.raises(ZeroDivisionError) as raised:
        made.optimize(objective, n_trials=5)
    assert raised.value is error
    run = runs()[0]
    assert (run.status, run.error) == ("FAILED", "ZeroDivisionError: no rows")
    assert [trial.status for trial in trials_of(run)] == ["FINISHED", "FAILED"]


@pytest.mark.parametrize(
    ("error", "status"),
    [(KeyboardInterrupt(), "KILLED"), (SystemExit(3), "FAILED"), (SystemExit(), "FINISHED")],
)
def test_a_program_that_is_left_from_an_objective(runs: Runs, error: BaseException, status: str) -> None:
    def objective(trial: optuna.Trial) -> float:
        raise error

    with pytest.raises(type(error)) as raised:
        study().optimize(objective, n_trials=5)
    assert raised.value is error
    assert [run.status for run in runs()] == [status, status]


def test_an_error_in_a_thread(runs: Runs) -> None:
    both = threading.Barrier(2)

    def objective(trial: optuna.Trial) -> float:
        if trial.number < 2:
            both.wait(10)
        if trial.number == 0:
            raise ZeroDivisionError("no rows")
        return 1.0

    with pytest.raises(ZeroDivisionError):
        study().optimize(objective, timeout=20, n_jobs=2)
    assert [run.status for run in runs()][:3] == ["FAILED", "FAILED", "FINISHED"]
    assert "RUNNING" not in {run.status for run in runs()}


def test_a_study_that_stops_itself(runs: Runs) -> None:
    made = study()
    made.optimize(lambda trial: trial.number, n_trials=50, callbacks=[stop_at_two])
    assert len(trials_of(runs()[0])) == 3
    assert runs()[0].status == "FINISHED"


def stop_at_two(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
    if trial.number == 2:
        study.stop()


def test_a_call_that_optuna_refuses(runs: Runs) -> None:
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        study().optimize()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="not callable"):
        study().optimize(None, n_trials=1)  # type: ignore[arg-type]
    assert [run.status for run in runs()] == ["FAILED", "FAILED"]


SLEEPING = """
import time
import autolog, optuna
autolog.enable(store="runs")
optuna.logging.set_verbosity(optuna.logging.ERROR)

def objective(trial):
    x = trial.suggest_float("x", 0, 1)
    if trial.number == 1:
        print("asleep", flush=True)
        time.sleep(100)
    return x

optuna.create_study().optimize(objective)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sent", "status"), [(signal.SIGINT, "KILLED"), (signal.SIGTERM, "KILLED"), (signal.SIGKILL, "RUNNING")]
)
def test_a_program_that_is_killed(runs: Runs, sent: signal.Signals, status: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SLEEPING], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == b"asleep\n"
        program.send_signal(sent)
    run, finished, killed = runs()
    assert (run.status, finished.status, killed.status) == (status, "FINISHED", status)
    assert run.stale == killed.stale == (status == "RUNNING")
    assert finished.tags["autolog.best"] == "true"
    assert "x" in killed.params
