"""A loop of the user's own that writes for TensorBoard: one run, with what both sides know."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.tensorboard import SummaryWriter

import autolog
from autolog.store.runs import Run

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import tensorboardX


@pytest.fixture(autouse=True)
def store(tmp_path: Path) -> Path:
    autolog.enable(store=tmp_path / "runs", frameworks=["torch", "tensorboard"])
    return tmp_path / "runs"


def train(writer: Any = None, *, early: bool = False) -> list[float]:
    """A short training, which writes each loss at ten times its step."""
    torch.manual_seed(0)
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    writer = SummaryWriter("logs") if writer is None else writer
    if early:
        writer.add_text("notes", "before the first step")
    losses = []
    for step in range(5):
        loss = model(torch.ones(3, 2)).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        writer.add_scalar("train/loss", loss, step * 10)
        losses.append(loss.item())
    writer.close()
    return losses


def runs(store: Path) -> list[Run]:
    return sorted(autolog.search_runs(store=store), key=lambda run: run.start_time)


@pytest.mark.parametrize("kind", [SummaryWriter, tensorboardX.SummaryWriter])
def test_what_a_loop_writes_is_in_its_run(kind: type, store: Path) -> None:
    losses = train(kind("logs"))
    (run,) = runs(store)
    assert run.status == "FINISHED"
    assert list(run.history("loss").value) == losses
    assert list(run.history("train/loss").value) == losses
    assert list(run.history("train/loss").step) == [0, 10, 20, 30, 40]


def test_two_trainings_are_two_runs(store: Path) -> None:
    for fold in range(2):
        train(SummaryWriter(f"logs/{fold}"))
    assert [list(run.history("train/loss").step) for run in runs(store)] == [[0, 10, 20, 30, 40]] * 2


def test_what_is_written_before_the_first_step_is_there_too(store: Path) -> None:
    losses = train(early=True)
    (run,) = runs(store)
    assert list(run.history("loss").value) == list(run.history("train/loss").value) == losses
    assert "tensorboard/notes.txt" in list(run.artifacts())


def test_in_a_run_of_the_users(store: Path) -> None:
    with autolog.run("mine"):
        losses = train()
    (run,) = runs(store)
    assert run.name == "mine"
    assert list(run.history("train/loss").value) == losses


def test_only_the_first_of_several_processes_records(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    train()
    SummaryWriter("logs").add_hparams({"a": 1}, {"b": 2})
    assert not store.exists()
