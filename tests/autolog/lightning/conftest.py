"""Small trainings, under both names of the package."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from threadpoolctl import threadpool_limits
from torch.utils.data import DataLoader, TensorDataset

import autolog
from autolog.tracking.active import activate
from autolog.tracking.settings import resolve

Runs = Callable[[], list[Any]]
PACKAGES = ("lightning.pytorch", "pytorch_lightning")


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    with threadpool_limits(1):
        yield


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What Lightning warns of in trainings this small is not what is tested."""
    monkeypatch.delenv("PL_GLOBAL_SEED", raising=False)
    with warnings.catch_warnings():
        for package in ("lightning", "pytorch_lightning", "lightning_fabric", "torch"):
            warnings.filterwarnings("ignore", module=package)
        warnings.filterwarnings("ignore", message=".*treespec.*")
        yield


@pytest.fixture(params=PACKAGES)
def either(request: pytest.FixtureRequest) -> Any:
    """For what has to do with the package: each of the two."""
    return importlib.import_module(request.param)


@pytest.fixture
def pl() -> Any:
    """For all else: one of the two, which are the same code."""
    return importlib.import_module(PACKAGES[0])


@pytest.fixture
def runs() -> Iterator[Runs]:
    """Turns recording on, without models. Gives all runs so far, the oldest first."""
    autolog.enable(store="runs", models=False, silent=True)
    yield found
    autolog.disable()
    activate(resolve())


def found() -> list[Any]:
    return list(reversed(autolog.search_runs(store="runs"))) if Path("runs").exists() else []


def data(rows: int = 24, batch_size: int = 6) -> Any:
    """Four batches, always the same."""
    X = torch.arange(rows * 4.0).reshape(rows, 4).sin()
    return DataLoader(TensorDataset(X, X.sum(1, keepdim=True)), batch_size=batch_size)


def module(pl: Any, **methods: Any) -> Any:
    """A module with one linear layer, and these methods in the place of its own."""

    class Lit(pl.LightningModule):  # type: ignore[misc]
        def __init__(self, rate: float = 0.1, width: int = 1) -> None:
            super().__init__()
            self.save_hyperparameters()
            self.net = torch.nn.Linear(4, width)
            torch.nn.init.constant_(self.net.weight, 0.1)
            torch.nn.init.zeros_(self.net.bias)

        def loss(self, batch: Any) -> Any:
            return torch.nn.functional.mse_loss(self.net(batch[0]), batch[1])

        def training_step(self, batch: Any, batch_idx: int) -> Any:
            loss = self.loss(batch)
            self.log("loss", loss, on_step=True, on_epoch=True)
            return loss

        def validation_step(self, batch: Any, batch_idx: int) -> None:
            self.log("val_loss", self.loss(batch))

        def test_step(self, batch: Any, batch_idx: int) -> None:
            self.log("test_loss", self.loss(batch))

        def predict_step(self, batch: Any, batch_idx: int) -> Any:
            return self.net(batch[0])

        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.SGD(self.parameters(), lr=self.hparams.rate)
            return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)]

    for name, method in methods.items():
        setattr(Lit, name, method)
    return Lit()


def trainer(pl: Any, **settings: Any) -> Any:
    """Two epochs on the CPU, every step logged, and nothing else."""
    chosen = {
        "max_epochs": 2,
        "accelerator": "cpu",
        "log_every_n_steps": 1,
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    return pl.Trainer(**{**chosen, **settings})


def history(run: Any, name: str) -> dict[int, float]:
    """A metric's values by step; it must have one value at each."""
    points = run.history(name)
    steps = list(points.step)
    assert len(set(steps)) == len(steps), f"{name} has several values at one step"
    return dict(zip(steps, list(points.value), strict=True))
