"""The model at its best validation value."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from torch.optim import SGD

import autolog
from autolog.autolog.torch import best
from autolog.store.runs import Run

Recorded = Callable[[], list[Run]]
XS = torch.ones(4, 2)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine any copy may take longer than a training is to spend on it."""
    monkeypatch.setattr(best, "AT_LEAST", 600.0)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("val_loss", -1),
        ("loss/val", -1),
        ("Valid Accuracy", 1),
        ("test.f1", 1),
        ("val_temperature", 0),
        ("loss", 0),
        ("interval_loss", 0),
        ("accuracy", 0),
    ],
)
def test_directions(name: str, expected: int) -> None:
    assert best.direction(name) == expected


def train(values: list[float], log: Callable[[nn.Module, float], object]) -> list[torch.Tensor]:
    model = nn.Linear(2, 1)
    optimizer = SGD(model.parameters(), lr=0.1)
    weights = []
    for value in values:
        optimizer.zero_grad()
        model(XS).pow(2).mean().backward()
        optimizer.step()
        log(model, value)
        weights.append(model.weight.detach().clone())
    return weights


def saved(run: Run) -> torch.Tensor:
    return load_file(run.artifacts().path("model-best/model.safetensors"))["weight"]


def test_the_lowest_loss(recorded: Recorded) -> None:
    weights = train([3.0, 1.0, 2.0, 5.0], lambda model, value: autolog.log_metric("val_loss", value))
    (run,) = recorded()
    assert torch.equal(saved(run), weights[1])
    assert (run.metrics["best_score"], run.metrics["best_iteration"]) == (1.0, 1)
    assert run.params["best_metric"] == "val_loss"
    assert run.metrics["val_loss"] == 5.0


def test_the_highest_accuracy_in_a_run_of_the_users(recorded: Recorded) -> None:
    def log(model: nn.Module, value: float) -> None:
        autolog.log_metrics({"other": 9.0, "val/accuracy": value, "val/loss": 1 - value})

    with autolog.run("mine"):
        weights = train([0.5, 0.9, 0.7], log)
    (run,) = recorded()
    assert torch.equal(saved(run), weights[1])
    assert run.params["best_metric"] == "val/accuracy"


def test_torchmetrics_in_evaluation_mode(recorded: Recorded) -> None:
    from torchmetrics import MeanSquaredError

    def log(model: nn.Module, value: float) -> None:
        for training, error in ((True, 0.0), (False, value)):
            model.train(training)
            metric = MeanSquaredError()
            metric.update(torch.tensor([error]), torch.tensor([0.0]))
            metric.compute()

    weights = train([3.0, 2.0, 4.0], log)
    (run,) = recorded()
    assert run.metrics["best_score"] == 4.0
    assert torch.equal(saved(run), weights[1])


def test_no_validation_no_best(recorded: Recorded) -> None:
    train([1.0, 2.0], lambda model, value: autolog.log_metric("accuracy", value))
    train([float("nan")], lambda model, value: autolog.log_metric("val_loss", value))
    for run in recorded():
        assert "model-best/model.safetensors" not in list(run.artifacts())
        assert "best_score" not in run.metrics


def test_large_models_are_not_copied(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(best, "LARGEST", 8)
    train([1.0, 2.0], lambda model, value: autolog.log_metric("val_loss", value))
    (run,) = recorded()
    assert "model-best/model.safetensors" not in list(run.artifacts())
    assert (run.metrics["best_score"], run.metrics["best_iteration"]) == (1.0, 0)


def test_a_model_that_is_the_best_no_more_is_not_kept(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(best, "AT_LEAST", 0.0)
    monkeypatch.setattr(best, "SHARE", 0.0)
    train([3.0, 1.0], lambda model, value: autolog.log_metric("val_loss", value))
    (run,) = recorded()
    assert run.metrics["best_score"] == 1.0
    assert "model-best/model.safetensors" not in list(run.artifacts())
