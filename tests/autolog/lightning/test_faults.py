"""Whatever fails on our side, the training ends as it would have without us."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import autolog
from autolog.autolog.lightning import checkpoints, facts, recording, runs, tap
from autolog.autolog.lightning.rates import Rates
from autolog.store.writer import FolderRunWriter
from autolog.tracking import contain
from tests.autolog.lightning.conftest import data, module, trainer

Lenient = Callable[[], None]


def train(pl: Any, **settings: Any) -> Any:
    """The weights, and all that Lightning itself knows at the end."""
    model = module(pl)
    training = trainer(pl, enable_checkpointing=True, callbacks=[pl.callbacks.ModelCheckpoint("kept")])
    training.fit(model, data(), data())
    tested = training.test(model, data(), verbose=False)
    weights = [parameter.tolist() for parameter in model.parameters()]
    return weights, tested, {name: float(value) for name, value in training.callback_metrics.items()}


@pytest.fixture
def lenient(monkeypatch: pytest.MonkeyPatch) -> Lenient:
    """Our errors are contained, as they are for users."""

    def enable() -> None:
        autolog.enable(store="runs")
        monkeypatch.setattr(contain, "strict", False)

    return enable


def broken(*args: Any, **kwargs: Any) -> Any:
    raise RuntimeError("a fault of ours")


PARTS: dict[str, tuple[Any, str]] = {
    "run": (runs, "begin_fit"),
    "hyperparameters": (facts, "hyperparameters"),
    "settings": (recording, "settings"),
    "results": (facts, "results"),
    "metrics": (recording, "_number"),
    "listening": (recording, "tapped"),
    "tap": (tap, "Tap"),
    "rates": (Rates, "changed"),
    "rates of a step": (Rates, "_stepped"),
    "marks": (checkpoints, "mark"),
    "placing": (checkpoints, "place"),
    "remembering": (runs, "remember"),
}


@pytest.mark.parametrize("part", PARTS)
def test_an_error_in_any_part_of_ours(
    part: str,
    lenient: Lenient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    import lightning.pytorch as pl

    bare = train(pl)
    lenient()
    owner, name = PARTS[part]
    if part == "rates of a step":
        monkeypatch.setattr("autolog.autolog.lightning.rates._rates", failing_later())
    else:
        monkeypatch.setattr(owner, name, broken)
    assert train(pl) == bare
    warned = [r for r in caplog.records if r.name == "autolog" and r.levelno >= logging.WARNING]
    assert len(warned) == 1


def failing_later() -> Any:
    calls = iter([[0.1]])
    return lambda optimizer: next(calls, None) or broken()


@pytest.mark.parametrize("at", [1, 5])
def test_a_store_that_fails_at_a_later_step(
    pl: Any, lenient: Lenient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, at: int
) -> None:
    bare = train(pl)
    lenient()
    original, written = FolderRunWriter.point, []

    def failing(self: Any, key: str, step: int, *rest: Any) -> None:
        if written.count("loss_step") >= at:
            raise OSError(28, "No space left on device")
        written.append(key)
        original(self, key, step, *rest)

    monkeypatch.setattr(FolderRunWriter, "point", failing)
    assert train(pl) == bare
    assert sum(r.name == "autolog" and r.levelno >= logging.WARNING for r in caplog.records) == 1
    (run,) = autolog.search_runs(store="runs")
    assert len(run.history("loss_step").step) >= at


@pytest.mark.slow
def test_a_store_that_cannot_be(pl: Any, lenient: Lenient, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = train(pl)
    lenient()
    monkeypatch.setattr("autolog.store.folder.FolderStore.create", refused)
    assert train(pl) == bare
    assert not list(Path("runs").rglob("events-*"))


def refused(*args: Any, **kwargs: Any) -> Any:
    raise PermissionError(13, "Permission denied")


def test_an_error_of_ours_leaves_the_users_alone(
    pl: Any, lenient: Lenient, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = ZeroDivisionError("mine")

    def training_step(self: Any, batch: Any, batch_idx: int) -> Any:
        raise error

    lenient()
    monkeypatch.setattr(facts, "results", broken)
    with pytest.raises(ZeroDivisionError) as raised:
        trainer(pl).fit(module(pl, training_step=training_step), data())
    assert raised.value is error
    (run,) = autolog.search_runs(store="runs")
    assert (run.status, run.error) == ("FAILED", "ZeroDivisionError: mine")
