"""Whatever fails on our side, the loop computes what it computes without us."""

from __future__ import annotations

import errno
import itertools
import logging
import weakref
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim import SGD, lr_scheduler

import autolog
from autolog.autolog.torch import finding, hooks, models, sessions, training
from autolog.autolog.torch.following import Followed
from autolog.autolog.torch.losses import Losses
from autolog.autolog.torch.readings import Readings
from autolog.store import log
from autolog.store.runs import Run
from autolog.tracking import contain

Recorded = Callable[[], list[Run]]
XS = torch.ones(4, 2)


def train() -> tuple[list[float], list[float], list[float]]:
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.5), nn.Linear(3, 1))
    optimizer = SGD(model.parameters(), lr=0.1)
    scheduler = lr_scheduler.StepLR(optimizer, 3)
    losses = []
    for _ in range(8):
        optimizer.zero_grad()
        loss = model(XS).pow(2).mean()
        loss.backward()
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
    return losses, model[0].weight.flatten().tolist(), torch.rand(3).tolist()


@pytest.fixture
def lenient(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> Recorded:
    """As users have it: errors of ours are contained."""
    monkeypatch.setattr(contain, "strict", False)
    return recorded


@pytest.fixture
def bare() -> tuple[list[float], list[float], list[float]]:
    autolog.disable()
    return train()


def failing(original: Any, after: int) -> Any:
    calls = itertools.count()

    def fails(*args: Any, **kwargs: Any) -> Any:
        if next(calls) >= after:
            raise ZeroDivisionError("ours")
        return original(*args, **kwargs)

    return fails


@pytest.mark.parametrize(
    ("owner", "name", "after"),
    [
        (Losses, "note", 0),
        (Losses, "take", 2),
        (Followed, "step", 1),
        pytest.param(
            *(Followed, "step_quickly", 5),
            marks=pytest.mark.skipif(not hooks.QUICK, reason="this PyTorch does not say when Dynamo watches"),
        ),
        (Readings, "write", 0),
        (Followed, "__init__", 0),
        (sessions, "modules_of", 0),
        (sessions, "begin_fit", 0),
        (sessions, "optimizer_stepped", 1),
        (finding, "globals_around", 0),
        (models, "facts", 0),
        (models, "summary", 0),
        (training, "Held", 0),
        (training.Training, "_figures", 0),
        (training.Training, "_save", 0),
        (training.Training, "end", 0),
    ],
)
def test_an_error_of_ours(
    bare: Any,
    lenient: Recorded,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    owner: Any,
    name: str,
    after: int,
) -> None:
    monkeypatch.setattr(owner, name, failing(getattr(owner, name), after))
    with caplog.at_level(logging.WARNING, logger="autolog"):
        assert train() == bare
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(warnings) == 1
    assert "your code goes on" in warnings[0].getMessage()


@pytest.mark.parametrize("after", [0, 5, 9])
def test_a_store_that_fails_in_between(
    bare: Any,
    lenient: Recorded,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    after: int,
) -> None:
    writes = itertools.count()
    write = log._write

    def full(fd: int, data: bytes) -> int:
        if next(writes) >= after:
            raise OSError(errno.ENOSPC, "full")
        return write(fd, data)

    monkeypatch.setattr(log, "_write", full)
    with caplog.at_level(logging.WARNING, logger="autolog"):
        assert train() == bare
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1


def test_a_loop_that_fails_keeps_what_it_made(recorded: Recorded) -> None:
    def fit() -> None:
        model = nn.Linear(2, 1)
        optimizer = SGD(model.parameters(), lr=0.1)
        for step in range(9):
            if step == 5:
                raise LookupError("mine")
            model(XS).mean().backward()
            optimizer.step()

    with pytest.raises(LookupError, match="mine"):
        fit()
    (run,) = recorded()
    assert list(run.history("loss").step) == [0, 1, 2, 3, 4]


def test_nothing_of_the_users_is_kept_alive(recorded: Recorded) -> None:
    class Loaded(nn.Linear):
        pass

    model = Loaded(2, 1)
    optimizer = SGD(model.parameters(), lr=0.1)
    model(XS).mean().backward()
    optimizer.step()
    refs = [weakref.ref(item) for item in (model, model.weight, optimizer)]
    del model, optimizer
    assert [ref() for ref in refs] == [None, None, None]


def test_an_end_in_the_users_own_class_happens_once(recorded: Recorded) -> None:
    ends = []

    class Closing(nn.Linear):
        def __del__(self) -> None:
            ends.append("closed")

    model = Closing(2, 1)
    optimizer = SGD(model.parameters(), lr=0.1)
    model(XS).mean().backward()
    optimizer.step()
    del model
    assert ends == ["closed"]
    (run,) = recorded()
    assert run.status == "FINISHED"
    assert "model/model.safetensors" in list(run.artifacts())
