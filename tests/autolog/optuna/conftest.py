"""Recording studies into a store of the test's own, and reading it back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest

import autolog
from autolog.tracking.context import Context, current

Runs = Callable[[], list[Any]]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    yield
    optuna.logging.set_verbosity(before)
    assert current() == Context()  # no trial stands open for the next test


@pytest.fixture
def runs() -> Runs:
    """Turns recording on, without models. Gives all runs so far: each study before its trials."""
    autolog.enable(store="runs", models=False, silent=True)

    def found() -> list[Any]:
        known = autolog.search_runs(store="runs") if Path("runs").exists() else []
        return sorted(known, key=lambda run: (run.parent_id is not None, trial_number(run), run.start_time))

    return found


def trial_number(run: Any) -> int:
    return int(run.tags.get("autolog.trial", -1))


def trials_of(run: Any) -> list[Any]:
    """The trials of a study, in their order."""
    return sorted((child for child in run.children() if "autolog.trial" in child.tags), key=trial_number)


def study(**options: Any) -> optuna.Study:
    """A study that draws the same in every test."""
    options.setdefault("sampler", optuna.samplers.RandomSampler(seed=1))
    return optuna.create_study(**options)


def best(run: Any) -> list[int]:
    """The numbers of the trials that are marked."""
    return [trial_number(trial) for trial in trials_of(run) if trial.tags.get("autolog.best") == "true"]


def parabola(trial: optuna.Trial) -> float:
    """An objective with a parameter of each kind."""
    x = trial.suggest_float("x", -5, 5)
    n = trial.suggest_int("n", 1, 9)
    kind = trial.suggest_categorical("kind", ["a", "b", None])
    return (x - 1) ** 2 + n + (kind == "a")
