"""What is recorded of a training loop, and that it is what the user's loop computes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim import LBFGS, SGD, Adam, lr_scheduler
from torch.utils.checkpoint import checkpoint

import autolog
from autolog.autolog.sink import Log
from autolog.autolog.torch.readings import Readings
from autolog.store.runs import Run

Recorded = Callable[[], list[Run]]
XS = torch.ones(4, 2)


def losses(run: Run, name: str = "loss") -> list[float]:
    return list(run.history(name).value)


def test_hyperparameters_and_the_model(recorded: Recorded) -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Sequential(nn.Linear(3, 1)))
    model[0].requires_grad_(False)
    optimizer = Adam(model[2].parameters(), lr=0.01, betas=(0.8, 0.9), weight_decay=0.1)
    model(XS).mean().backward()
    optimizer.step()
    (run,) = recorded()
    told = {"optimizer": "Adam", "lr": 0.01, "betas": "(0.8, 0.9)", "weight_decay": 0.1, "amsgrad": False}
    assert told.items() <= run.params.items()
    described = {"model": "Sequential", "layers": 3, "parameters": 13, "trainable_parameters": 4}
    assert described.items() <= run.params.items()
    assert {"device": "cpu", "dtype": "float32"}.items() <= run.params.items()
    assert not {"amp", "compiled", "scheduler", "world_size"} & run.params.keys()
    summary = run.artifacts().path("model.txt").read_text().splitlines()
    assert summary[1].split() == ["0", "Linear(in_features=2,", "out_features=3,", "bias=True)", "9"]


def test_groups(recorded: Recorded) -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    groups = [{"params": model[0].parameters(), "lr": 0.1}, {"params": model[1].parameters()}]
    optimizer = SGD(groups, lr=0.5, momentum=0.9)
    scheduler = lr_scheduler.LambdaLR(optimizer, [lambda step: 1.0, lambda step: 0.5**step])
    for _ in range(3):
        model(XS).mean().backward()
        optimizer.step()
        scheduler.step()
    (run,) = recorded()
    assert {"lr.0": 0.1, "lr.1": 0.5, "momentum": 0.9}.items() <= run.params.items()
    assert losses(run, "lr.0") == [0.1, 0.1, 0.1]
    assert losses(run, "lr.1") == [0.5, 0.25, 0.125]


def schedule(optimizer: SGD, make: Callable[[SGD], Any], steps: int = 6) -> list[float]:
    model = nn.Linear(2, 1)
    optimizer.add_param_group({"params": list(model.parameters())})
    del optimizer.param_groups[0]
    scheduler = make(optimizer)
    rates = []
    for _ in range(steps):
        model(XS).mean().backward()
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step(1.0) if isinstance(scheduler, lr_scheduler.ReduceLROnPlateau) else scheduler.step()
    return rates


def both(optimizer: SGD) -> lr_scheduler.SequentialLR:
    first = lr_scheduler.LinearLR(optimizer, start_factor=0.5, total_iters=2)
    second = lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
    return lr_scheduler.SequentialLR(optimizer, [first, second], milestones=[2])


@pytest.mark.parametrize(
    ("make", "settings"),
    [
        (lambda o: lr_scheduler.StepLR(o, 2), {"scheduler": "StepLR", "scheduler.step_size": 2}),
        (lambda o: lr_scheduler.MultiStepLR(o, [1, 3]), {"scheduler.milestones": "[1, 3]"}),
        (
            lambda o: lr_scheduler.ReduceLROnPlateau(o, patience=0),
            {"scheduler": "ReduceLROnPlateau", "scheduler.patience": 0, "scheduler.factor": 0.1},
        ),
        (lambda o: lr_scheduler.OneCycleLR(o, 0.5, total_steps=20), {"scheduler.total_steps": 20}),
        (
            both,
            {"scheduler": "SequentialLR", "scheduler.0": "LinearLR", "scheduler.1.gamma": 0.5}
            | {"scheduler.milestones": "[2]", "scheduler.0.total_iters": 2},
        ),
    ],
)
def test_schedulers(recorded: Recorded, make: Callable[[SGD], Any], settings: dict[str, Any]) -> None:
    rates = schedule(SGD([torch.zeros(1, requires_grad=True)], lr=0.1), make)
    (run,) = recorded()
    assert settings.items() <= run.params.items()
    changes = [step for step in range(6) if step == 0 or rates[step] != rates[step - 1]]
    assert list(run.history("lr").step) == changes
    assert losses(run, "lr") == [rates[step] for step in changes]


def test_a_rate_in_a_tensor(recorded: Recorded) -> None:
    model = nn.Linear(2, 1)
    optimizer = SGD(model.parameters(), lr=torch.tensor(0.5))
    for rate in (0.5, 0.5, 0.25):
        optimizer.param_groups[0]["lr"].fill_(rate)
        model(XS).mean().backward()
        optimizer.step()
    (run,) = recorded()
    assert losses(run, "lr")[0] == 0.5
    assert losses(run, "lr")[-1] == 0.25
    assert run.params["lr"] == 0.5


@pytest.mark.parametrize("kind", [{"foreach": True}, {"fused": True}, {"foreach": False}])
def test_kinds_of_steps(recorded: Recorded, kind: dict[str, bool]) -> None:
    model = nn.Linear(2, 1)
    optimizer = Adam(model.parameters(), **kind)  # type: ignore[arg-type]
    expected = []
    for _ in range(3):
        optimizer.zero_grad()
        loss = model(XS).pow(2).mean()
        loss.backward()
        optimizer.step()
        expected.append(loss.item())
    (run,) = recorded()
    assert losses(run) == expected


def test_accumulated_gradients_are_one_step(recorded: Recorded) -> None:
    model = nn.Linear(2, 1)
    optimizer = SGD(model.parameters(), lr=0.1)
    expected = []
    for _ in range(3):
        parts = [model(XS * n).pow(2).mean() / 4 for n in range(4)]
        for part in parts:
            part.backward()
        optimizer.step()
        optimizer.zero_grad()
        expected.append(sum(part.item() for part in parts))
    (run,) = recorded()
    assert losses(run) == expected
    assert run.params["backwards_per_step"] == 4


def test_gradients_that_were_dropped_are_not_counted(recorded: Recorded) -> None:
    model = nn.Linear(2, 1)
    optimizer = SGD(model.parameters(), lr=0.1)
    expected = []
    for _ in range(4):
        attacked = XS.clone().requires_grad_()
        model(attacked).pow(2).mean().backward()
        optimizer.zero_grad()
        loss = model(attacked.detach()).pow(2).mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        expected.append(loss.item())
    (run,) = recorded()
    assert losses(run)[1:] == expected[1:], "at the first step it is not known yet whose gradients they are"


def test_lbfgs_has_the_first_loss_of_each_step(recorded: Recorded) -> None:
    model = nn.Linear(2, 1)
    optimizer = LBFGS(model.parameters(), max_iter=5)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = (model(XS) - 1).pow(2).mean()
        loss.backward()
        return loss

    expected = [optimizer.step(closure).item() for _ in range(3)]  # type: ignore[no-untyped-call]
    (run,) = recorded()
    assert losses(run) == expected
    assert run.params["max_iter"] == 5


def test_scaled_losses_in_the_users_units(recorded: Recorded) -> None:
    model = nn.Linear(2, 1)
    optimizer = SGD(model.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    expected = []
    for step in range(4):
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = nn.functional.mse_loss(model(XS), torch.ones(4, 1))
        loss = loss * (float("inf") if step == 1 else 1)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        expected.append(loss.item())
    (run,) = recorded()
    assert losses(run) == expected
    assert run.params["amp"] == "bfloat16"
    del model, optimizer
    assert recorded()[0].metrics["skipped_steps"] == 1


def test_the_first_step_skipped(recorded: Recorded) -> None:
    model = nn.Linear(2, 1)
    optimizer = SGD(model.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    for factor in (float("inf"), 1.0):
        optimizer.zero_grad()
        scaler.scale(model(XS).pow(2).mean() * factor).backward()
        scaler.step(optimizer)
        scaler.update()
    (run,) = recorded()
    assert list(run.history("loss").step) == [0, 1]


def test_gradient_checkpointing(recorded: Recorded) -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    optimizer = SGD(model.parameters(), lr=0.1)
    expected = []
    for _ in range(3):
        loss = checkpoint(model, XS, use_reentrant=False).pow(2).mean()
        loss.backward()
        optimizer.step()
        expected.append(loss.item())
    (run,) = recorded()
    assert losses(run) == expected


def test_the_gradients_norm_is_an_option(recorded: Recorded, tmp_path: Any) -> None:
    autolog.enable(store=tmp_path / "store", frameworks=["torch"], include=["metrics.grad_norm"])
    model = nn.Linear(2, 1)
    optimizer = SGD(model.parameters(), lr=0.1)
    expected = []
    for _ in range(3):
        optimizer.zero_grad()
        model(XS).pow(2).mean().backward()
        expected.append(nn.utils.clip_grad_norm_(model.parameters(), 1e9).item())
        optimizer.step()
    (run,) = recorded()
    assert losses(run, "grad_norm") == pytest.approx(expected)


def test_what_the_user_excludes_is_left_out(recorded: Recorded, tmp_path: Any) -> None:
    autolog.enable(
        store=tmp_path / "store", frameworks=["torch"], exclude=["metrics.loss", "params.lr", "artifacts.*"]
    )
    model = nn.Linear(2, 1)
    optimizer = SGD(model.parameters(), lr=0.1)
    model(XS).mean().backward()
    optimizer.step()
    del model, optimizer
    (run,) = recorded()
    assert set(run.metrics) == {"lr", "steps", "training_time", "steps_per_second"}
    assert "lr" not in run.params
    assert list(run.artifacts()) == []


def test_speed(recorded: Recorded) -> None:
    model = nn.Linear(2, 1)
    optimizer = SGD(model.parameters(), lr=0.1)
    began = time.perf_counter()
    for _ in range(10):
        model(XS).mean().backward()
        optimizer.step()
        time.sleep(0.002)
    passed = time.perf_counter() - began
    del model, optimizer
    (run,) = recorded()
    assert 0.018 <= run.metrics["training_time"] <= passed
    assert run.metrics["steps_per_second"] == pytest.approx(10 / run.metrics["training_time"])


def test_a_resumed_run_goes_on_where_it_stopped(recorded: Recorded) -> None:
    def fit(model: nn.Module) -> None:
        optimizer = SGD(model.parameters(), lr=0.1)
        for _ in range(3):
            model(XS).mean().backward()
            optimizer.step()

    with autolog.run("first") as first:
        fit(nn.Linear(2, 1))
    with autolog.run(resume=first.id):
        fit(nn.Linear(2, 1))
    (run,) = recorded()
    assert list(run.history("loss").step) == [0, 1, 2, 3, 4, 5]


def test_values_on_a_device_are_read_in_batches(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    """No device is at hand; tensors of the CPU go the same way."""
    with autolog.run("mine") as mine:
        readings = Readings(Log(mine))
        began = time.time() * 1000
        for step in range(600):
            readings.add("loss", [torch.tensor(float(step)), 0.5, torch.tensor(1.0)], step)
        (run,) = recorded()
        assert len(losses(run)) == 512
        readings.flush()
    (run,) = recorded()
    assert losses(run) == [step + 1.5 for step in range(600)]
    assert list(run.history("loss").step) == list(range(600))
    assert all(began - 1 <= at <= time.time() * 1000 for at in run.history("loss").time)
