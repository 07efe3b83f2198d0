"""Asking and telling: a trial is open from the one to the other, a study as long as it lives."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState
from sklearn.linear_model import LinearRegression

import autolog

from .conftest import Runs, study, trials_of

X, Y = [[1.0], [2.0], [3.0]], [1.0, 2.0, 3.5]


def fit(**params: Any) -> float:
    return float(LinearRegression(**params).fit(X, Y).intercept_)


def test_a_trial_is_open_from_ask_to_tell(runs: Runs) -> None:
    made = study()
    trial = made.ask()
    x = trial.suggest_float("x", 0, 1)
    trial.report(0.25, 7)
    run, asked = runs()
    assert (run.status, asked.status) == ("RUNNING", "RUNNING")
    assert asked.params == {"x": x}
    assert list(asked.history("intermediate_value").step) == [7]
    made.tell(trial, 0.5)
    run, asked = runs()
    assert (run.status, asked.status) == ("RUNNING", "FINISHED")
    assert asked.tags["autolog.best"] == "true"
    assert run.metrics["best_value"] == asked.metrics["value"] == 0.5


@pytest.mark.slow
def test_the_run_ends_with_the_study(runs: Runs) -> None:
    made = study()
    made.tell(made.ask(), 1.0)
    made.ask()
    del made
    gc.collect()
    run, told, lost = runs()
    assert (run.status, told.status) == ("FINISHED", "FINISHED")
    assert (lost.status, lost.error) == ("KILLED", "the study ended before this trial did")


def test_the_run_ends_with_the_users(runs: Runs) -> None:
    made = study()
    with autolog.run("mine"):
        fit()
        made.tell(made.ask({"x": optuna.distributions.FloatDistribution(0, 1)}), 1.0)
        made.ask()
    mine = runs()[0]
    (run,) = [child for child in mine.children() if child.name == "study"]
    assert run.status == "FINISHED"
    assert run.params["best_x"] == made.best_params["x"]
    assert [trial.status for trial in trials_of(run)] == ["FINISHED", "KILLED"]


def test_distributions_given_to_ask(runs: Runs) -> None:
    trial = study().ask({"x": optuna.distributions.IntDistribution(0, 9)})
    asked = runs()[1]
    assert asked.params == trial.params
    trial.study.tell(trial, 1.0)
    assert runs()[1].tags["autolog.distribution.x"].startswith("IntDistribution(high=9")


@pytest.mark.parametrize("by_number", [False, True])
def test_what_is_told(runs: Runs, by_number: bool) -> None:
    made = study()
    for values, state in [(1.0, None), (None, TrialState.PRUNED), (None, TrialState.FAIL)]:
        trial = made.ask()
        made.tell(trial.number if by_number else trial, values, state=state)
    finished, pruned, failed = trials_of(runs()[0])
    assert (finished.status, finished.metrics["value"]) == ("FINISHED", 1.0)
    assert (pruned.status, pruned.tags["autolog.pruned"]) == ("KILLED", "true")
    assert (failed.status, failed.error) == ("FAILED", "told to have failed")


def test_telling_in_vain(runs: Runs) -> None:
    made = study()
    trial = made.ask()
    with pytest.raises(ValueError, match="No values were told"):
        made.tell(trial, state=TrialState.COMPLETE)
    assert runs()[1].status == "RUNNING"
    made.tell(trial, 1.0)
    made.tell(trial, 2.0, skip_if_finished=True)
    assert list(runs()[1].history("value").value) == [1.0]


def test_fits_between_ask_and_tell_are_the_trials(runs: Runs) -> None:
    made = study()
    for _ in range(2):
        trial = made.ask()
        made.tell(trial, fit(fit_intercept=trial.suggest_categorical("intercept", [True, False])))
    fit()
    run, *trials, own = sorted(runs(), key=lambda run: run.start_time)
    assert [trial.parent_id for trial in trials] == [run.id, run.id]
    assert [trial.params["fit_intercept"] for trial in trials] == [t.params["intercept"] for t in made.trials]
    assert (own.name, own.parent_id) == ("LinearRegression", None)


def test_of_several_trials_asked_for_nobody_knows_which_a_fit_is_for(runs: Runs) -> None:
    made = study()
    asked = [made.ask(), made.ask()]
    for trial in asked:
        made.tell(trial, fit())
    made.tell(made.ask(), fit())  # the arguments of tell: asked for first
    names = [(run.name, run.params.get("fit_intercept")) for run in trials_of(runs()[0])]
    assert names == [("trial 0", None), ("trial 1", None), ("trial 2", True)]
    assert [run.parent_id for run in runs() if run.name == "LinearRegression"] == [None, None]


def test_threads_that_each_ask_and_tell(runs: Runs) -> None:
    made, both = study(), threading.Barrier(2)

    def work() -> None:
        trial = made.ask()
        both.wait(10)
        autolog.log_metric("own", trial.number)
        made.tell(trial, 1.0)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [trial.metrics["own"] for trial in trials_of(runs()[0])] == [0, 1]


def test_told_inside_a_block_that_began_after_ask(runs: Runs) -> None:
    made = study()
    for _ in range(2):
        trial = made.ask()
        with autolog.run("training"):
            made.tell(trial, fit())
    made.tell(made.ask(), 1.0)
    fit()
    assert [len(trial.children()) for trial in trials_of(runs()[0])] == [1, 1, 0]
    assert [run.parent_id for run in runs() if run.name == "LinearRegression"] == [None]


def test_optimize_goes_on_where_ask_began(runs: Runs) -> None:
    made = study()
    open_one = made.ask()
    made.optimize(lambda trial: 2.0, n_trials=2)
    made.tell(open_one, 1.0)
    (top,) = [run for run in runs() if run.parent_id is None]
    assert [trial.status for trial in trials_of(top)] == ["FINISHED"] * 3
    assert top.status == "RUNNING"


def test_a_trial_asked_for_before_recording_is_recorded_when_told(runs: Runs) -> None:
    autolog.disable()
    made = study()
    trial = made.ask()
    x = trial.suggest_float("x", 0, 1)
    trial.report(3.0, 1)
    trial.set_user_attr("kind", "early")
    autolog.enable(store="runs", silent=True)
    made.tell(trial, 1.0)
    told = runs()[1]
    assert told.params == {"x": x}
    assert (told.metrics["intermediate_value"], told.tags["user_attr.kind"]) == (3.0, "early")


def test_suppressed(runs: Runs) -> None:
    with autolog.suppressed():
        made = study()
        made.tell(made.ask(), 1.0)
    assert runs() == []


PROGRAM = """
import autolog, optuna
autolog.enable(store="runs")
optuna.logging.set_verbosity(optuna.logging.ERROR)
study = optuna.create_study()
study.tell(study.ask({"x": optuna.distributions.FloatDistribution(0, 1)}), 1.0)
study.ask()
"""


@pytest.mark.slow
@pytest.mark.parametrize(("end", "status"), [("", "FINISHED"), ("raise OSError('gone')", "FAILED")])
def test_the_run_ends_with_the_process(runs: Runs, end: str, status: str) -> None:
    subprocess.run([sys.executable, "-c", PROGRAM + end], capture_output=True, check=False, timeout=100)
    run, told, lost = runs()
    assert (run.status, told.status, lost.status) == (status, "FINISHED", "KILLED")
    assert "best_x" in run.params
