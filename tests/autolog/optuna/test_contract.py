"""The Optuna patcher keeps the contract that every patcher keeps."""

from __future__ import annotations

from typing import Any

import optuna

import autolog
from autolog.autolog.optuna import patcher
from autolog.store.runs import Run
from autolog.testing import PatcherContract

from .conftest import study, trials_of


def objective(trial: optuna.Trial) -> float:
    x = trial.suggest_float("x", -1, 1)
    trial.report(x, 0)
    trial.set_user_attr("sign", "+" if x > 0 else "-")
    return x**2


def failing(trial: optuna.Trial) -> float:
    raise OSError("no such data")


class TestOptimize(PatcherContract):
    patcher = patcher
    framework = "optuna"

    def train(self) -> Any:
        made = study()
        made.optimize(objective, n_trials=3)
        return [(trial.params, trial.values, trial.user_attrs) for trial in made.trials]

    def fail(self) -> None:
        study().optimize(failing, n_trials=3)

    def check_run(self, run: Run) -> None:
        assert run.params["sampler"] == "RandomSampler"
        with autolog.suppressed():
            expected = self.train()
        found = [(trial.params, [trial.metrics["value"]]) for trial in trials_of(run)]
        assert found == [(params, values) for params, values, _ in expected]
