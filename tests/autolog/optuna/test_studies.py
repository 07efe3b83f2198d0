"""A study is a run, each trial a nested run that says all that Optuna knows of it."""

from __future__ import annotations

import threading

import optuna
import pytest

import autolog

from .conftest import Runs, best, parabola, study, trials_of


@pytest.mark.slow
def test_the_study_says_how_it_searches(runs: Runs) -> None:
    made = study(study_name="slopes", direction="maximize", pruner=optuna.pruners.HyperbandPruner())
    made.set_user_attr("team", {"size": 3})
    made.optimize(parabola, n_trials=2, timeout=60, n_jobs=1)
    run = runs()[0]
    assert run.name == "slopes"
    assert run.params == {
        "study_name": "slopes",
        "storage": "in memory",
        "direction": "maximize",
        "sampler": "RandomSampler",
        "pruner": "HyperbandPruner",
        "n_trials": 2,
        "timeout": 60,
        "n_jobs": 1,
        **{f"best_{name}": value for name, value in made.best_params.items()},
    }
    assert run.tags["autolog.framework"] == "optuna"
    assert run.tags["user_attr.team"] == "{'size': 3}"


def test_trials_have_their_params_and_what_these_were_drawn_from(runs: Runs) -> None:
    made = study()
    made.optimize(parabola, n_trials=5)
    trials = trials_of(runs()[0])
    assert [trial.params for trial in trials] == [trial.params for trial in made.trials]
    for trial, frozen in zip(trials, made.trials, strict=True):
        found = {name: trial.tags[f"autolog.distribution.{name}"] for name in frozen.params}
        assert found == {name: str(of) for name, of in frozen.distributions.items()}
        assert (trial.name, trial.status) == (f"trial {frozen.number}", "FINISHED")


def test_values_of_trials_and_study(runs: Runs) -> None:
    made = study()
    made.optimize(parabola, n_trials=8)
    values = [trial.value for trial in made.trials]
    run = runs()[0]
    assert [trial.metrics["value"] for trial in trials_of(run)] == values
    assert list(run.history("value").step) == list(range(8))
    assert list(run.history("value").value) == values
    assert list(run.history("best_value").value) == [min(values[: n + 1]) for n in range(8)]
    assert run.metrics["best_trial"] == made.best_trial.number


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_values_go_by_the_names_that_the_user_gave(runs: Runs) -> None:
    made = study(directions=["minimize", "maximize"])
    made.set_metric_names(["loss", "accuracy"])
    made.optimize(lambda trial: (0.5, 0.9), n_trials=1)
    run = runs()[0]
    assert trials_of(run)[0].metrics == {"loss": 0.5, "accuracy": 0.9}
    assert run.metrics == {"loss": 0.5, "accuracy": 0.9}


def test_a_step_that_is_reported_twice_counts_once(runs: Runs) -> None:
    made = study()

    def objective(trial: optuna.Trial) -> float:
        trial.report(1.0, 0)
        with pytest.warns(UserWarning, match="already reported"):
            trial.report(2.0, 0)
        return 0.0

    made.optimize(objective, n_trials=1)
    assert list(trials_of(runs()[0])[0].history("intermediate_value").value) == [1.0]


def test_threads(runs: Runs) -> None:
    made, both, seen = study(), threading.Barrier(2), set()

    def objective(trial: optuna.Trial) -> float:
        both.wait(10)
        autolog.log_metric("own", trial.number)
        seen.add(threading.get_ident())
        return trial.suggest_float("x", 0, 1)

    callback = [lambda study, trial: autolog.log_metric("seen", trial.number, step=trial.number)]
    made.optimize(objective, n_trials=8, n_jobs=2, callbacks=callback)
    run, *trials = runs()
    assert len(seen) == 2
    assert [trial.metrics["own"] for trial in trials] == list(range(8))
    assert [trial.params["x"] for trial in trials] == [trial.params["x"] for trial in made.trials]
    assert {trial.parent_id for trial in trials} == {run.id}
    assert sorted(run.history("seen").step) == list(range(8))
    assert best(run) == [made.best_trial.number]
    assert run.metrics["best_value"] == made.best_value


@pytest.mark.slow
def test_enqueued_trials_and_a_grid_that_is_done(runs: Runs) -> None:
    made = study(sampler=optuna.samplers.GridSampler({"x": [0.0, 1.0]}))
    made.enqueue_trial({"x": 0.5})
    made.optimize(lambda trial: trial.suggest_float("x", 0, 1), gc_after_trial=True)
    values = [trial.metrics["value"] for trial in trials_of(runs()[0])]
    assert values == [trial.value for trial in made.trials]
    assert values[0] == 0.5
    assert {0.0, 1.0} <= set(values)


def test_callbacks_are_read_when_optuna_reads_them(runs: Runs) -> None:
    seen: list[int] = []
    callbacks = iter([lambda study, trial: seen.append(trial.number)])  # used up by the first trial
    study().optimize(lambda trial: 1.0, n_trials=3, callbacks=callbacks)
    assert seen == [0]


def test_a_study_goes_on_in_its_run(runs: Runs) -> None:
    made = study()
    made.optimize(parabola, n_trials=3)
    made.optimize(parabola, n_trials=2)
    run, *trials = runs()
    assert run.status == "FINISHED"
    assert [trial.tags["autolog.trial"] for trial in trials] == list("01234")
    assert len(run.history("value")) == 5
    assert best(run) == [made.best_trial.number]


def test_a_study_inside_a_run_of_the_users(runs: Runs) -> None:
    first, second = study(), study()
    with autolog.run("mine") as mine:
        first.optimize(parabola, n_trials=2)
        second.optimize(parabola, n_trials=2)
        first.optimize(parabola, n_trials=1)
    first.optimize(parabola, n_trials=1)
    tops = [run for run in runs() if run.parent_id is None]
    assert [top.name for top in tops] == ["mine", "study"]
    assert [child.name for child in trials_of(tops[0])] == ["trial 0", "trial 1", "trial 2"]
    (nested,) = [child for child in tops[0].children() if child.name == "study"]
    assert nested.parent_id == mine.id
    assert len(trials_of(nested)) == 2
    assert [child.name for child in trials_of(tops[1])] == ["trial 3"]


def test_a_study_inside_a_trial(runs: Runs) -> None:
    def outer(trial: optuna.Trial) -> float:
        inner = study()
        inner.optimize(parabola, n_trials=2)
        return inner.best_value

    study(study_name="outer").optimize(outer, n_trials=2)
    run = next(run for run in runs() if run.name == "outer")
    assert [len(trials_of(trial)) for trial in trials_of(run)] == [2, 2]


def test_without_trials(runs: Runs) -> None:
    autolog.enable(store="runs", trials=False, silent=True)
    made = study()
    made.optimize(parabola, n_trials=3)
    (run,) = runs()
    assert run.metrics["best_value"] == made.best_value
    assert run.params["best_x"] == made.best_params["x"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_suppressed_in_every_thread(runs: Runs, jobs: int) -> None:
    from sklearn.linear_model import LinearRegression

    with autolog.suppressed():
        study().optimize(
            lambda t: LinearRegression().fit([[1], [2]], [1, 2]).intercept_, n_trials=2, n_jobs=jobs
        )
    assert runs() == []


def test_user_attributes_of_the_study_that_are_set_later(runs: Runs) -> None:
    made = study()
    made.optimize(lambda trial: made.set_user_attr("seen", trial.number) or 1.0, n_trials=3)
    made.set_user_attr("note", "done")
    run = runs()[0]
    assert (run.tags["user_attr.seen"], run.tags["user_attr.note"]) == ("2", "done")
    assert run.status == "FINISHED"
