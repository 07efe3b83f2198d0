"""The best trials are marked, at every moment."""

from __future__ import annotations

import optuna
import pytest

from .conftest import Runs, best, parabola, study, trials_of


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_the_mark_moves_to_every_better_trial(runs: Runs, direction: str) -> None:
    made, marked, right = study(direction=direction), [], []

    def look(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        marked.append(best(runs()[0]))
        right.append([study.best_trial.number])

    made.optimize(parabola, n_trials=12, callbacks=[look])
    assert marked == right


def test_of_equal_trials_the_first_is_best(runs: Runs) -> None:
    study().optimize(lambda trial: 1.0, n_trials=3)
    assert best(runs()[0]) == [0]


def test_all_of_the_pareto_front_is_best(runs: Runs) -> None:
    made = study(directions=["minimize", "maximize"])

    def objective(trial: optuna.Trial) -> tuple[float, float]:
        return trial.suggest_int("x", 0, 5), trial.suggest_int("y", 0, 5)

    made.optimize(objective, n_trials=30)
    run = runs()[0]
    assert best(run) == sorted(trial.number for trial in made.best_trials)
    assert run.params["directions"] == "minimize, maximize"
    for trial, frozen in zip(trials_of(run), made.trials, strict=True):
        assert [trial.metrics["value.0"], trial.metrics["value.1"]] == frozen.values
    assert "best_value" not in run.metrics


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning", "ignore:`constraints_func`")
def test_a_trial_that_breaks_a_constraint_is_not_best(runs: Runs) -> None:
    sampler = optuna.samplers.TPESampler(seed=0, constraints_func=lambda trial: (trial.user_attrs["over"],))
    made = study(sampler=sampler)

    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0, 10)
        trial.set_user_attr("over", 5 - x)
        return x

    made.optimize(objective, n_trials=12)
    feasible = [trial for trial in made.trials if trial.params["x"] >= 5]
    assert best(runs()[0]) == [min(feasible, key=lambda trial: trial.params["x"]).number]
