"""Whatever fails on our side, the study is the one it would have been."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import optuna
import pytest

import autolog
from autolog.autolog.optuna import sharing, studies, trials
from autolog.store.writer import FolderRunWriter
from autolog.tracking import contain
from autolog.tracking.context import Context, stay_in

from .conftest import Runs, study, trials_of


def search(jobs: int = 1) -> list[Any]:
    """A study in which about everything happens."""
    made = study(sampler=optuna.samplers.TPESampler(seed=3, n_startup_trials=3))

    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", -1, 1)
        kind = trial.suggest_categorical("kind", ["a", "b"])
        for step in range(3):
            trial.report(x + step, step)
            if trial.should_prune():
                raise optuna.TrialPruned
        trial.set_user_attr("kind", kind)
        if trial.number == 4:
            raise ZeroDivisionError("no rows")
        return x**2

    made.optimize(objective, n_trials=12, catch=ZeroDivisionError)
    asked = made.ask({"x": optuna.distributions.FloatDistribution(-1, 1)})
    made.tell(asked, asked.params["x"])
    return [(t.state, t.params, t.values, t.intermediate_values, t.user_attrs) for t in made.trials]


@pytest.fixture
def warned(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], int]]:
    """Not strict, as with users; gives how often something was said."""
    autolog.enable(store="runs", models=False)
    monkeypatch.setattr(contain, "strict", False)
    yield lambda: len([record for record in caplog.records if record.levelno >= logging.WARNING])
    stay_in(Context())  # of a trial whose end was never recorded


def broken(*args: Any, **kwargs: Any) -> Any:
    raise RuntimeError("ours")


OURS = [
    (studies, "StudyRun"),
    (studies.StudyRun, "enter"),
    (studies.StudyRun, "begin"),
    (studies.StudyRun, "told"),
    (studies.StudyRun, "leave"),
    (studies.StudyRun, "stand_in"),
    (studies, "best_of"),
    (trials, "text"),
    (trials.TrialRun, "suggested"),
    (trials.TrialRun, "reported"),
    (trials.TrialRun, "attribute"),
    (trials.TrialRun, "told"),
]


@pytest.mark.parametrize(("owner", "name"), OURS, ids=[name for _, name in OURS])
def test_an_error_of_ours(
    warned: Callable[[], int], monkeypatch: pytest.MonkeyPatch, owner: Any, name: str
) -> None:
    with autolog.suppressed():
        bare = search()
    monkeypatch.setattr(owner, name, broken)
    assert search() == bare
    assert warned() == 1


@pytest.mark.parametrize("after", [0, 20, 60])
def test_a_store_that_fails(warned: Callable[[], int], monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    with autolog.suppressed():
        bare = search()
    write, calls = FolderRunWriter.write, iter(range(10_000))

    def failing(self: FolderRunWriter, *events: Any) -> None:
        if next(calls) >= after:
            raise OSError("no space left")
        write(self, *events)

    monkeypatch.setattr(FolderRunWriter, "write", failing)
    assert search() == bare
    assert warned() == 1


def test_a_store_that_cannot_be_written(warned: Callable[[], int], monkeypatch: pytest.MonkeyPatch) -> None:
    with autolog.suppressed():
        bare = search()
    Path("file").touch()
    autolog.enable(store="file/runs")
    monkeypatch.setattr(contain, "strict", False)
    assert search() == bare
    assert warned() == 1


@pytest.mark.slow
@pytest.mark.parametrize("held", [True, False])
def test_a_note_that_cannot_be_had(runs: Runs, monkeypatch: pytest.MonkeyPatch, held: bool) -> None:
    monkeypatch.setattr(sharing, "_PATIENCE", 0.05)
    monkeypatch.setattr(sharing, "_lock", (lambda file: False) if held else broken_disk)
    study(study_name="long", storage="sqlite:///studies.db").optimize(lambda trial: 1.0, n_trials=2)
    assert len(trials_of(runs()[0])) == 2


def broken_disk(file: Any) -> bool:
    raise OSError("no locks here")


def test_random_numbers_are_left_alone(runs: Runs) -> None:
    import random

    import numpy as np

    def drawn() -> tuple[Any, ...]:
        random.seed(0)
        np.random.seed(0)
        return search(), random.random(), np.random.rand()

    with autolog.suppressed():
        bare = drawn()
    assert drawn() == bare


def test_the_users_objects_are_left_alone(runs: Runs) -> None:
    made, callbacks = study(), [lambda study, trial: None]
    before = dict(vars(made)), list(callbacks)
    seen: list[Callable[..., Any]] = []

    def objective(trial: optuna.Trial) -> float:
        seen.append(trial.suggest_float)
        assert set(vars(trial)) == attributes
        return 1.0

    with autolog.suppressed():
        attributes = set(vars(made.ask()))
    made.optimize(objective, n_trials=1, callbacks=callbacks)
    assert (dict(vars(made)), callbacks) == before
