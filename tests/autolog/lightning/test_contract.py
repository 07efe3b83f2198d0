"""The Lightning patcher keeps the contract that every patcher keeps, under both names."""

from __future__ import annotations

import importlib
from typing import Any

from autolog.autolog.lightning import patcher
from autolog.store.runs import Run
from autolog.testing import PatcherContract
from tests.autolog.lightning.conftest import data, history, module, trainer


class TestLightning(PatcherContract):
    patcher = patcher
    framework = "lightning.pytorch"

    def train(self) -> Any:
        pl = importlib.import_module(self.framework)
        model = module(pl)
        trainer(pl).fit(model, data(), data())
        return [parameter.tolist() for parameter in model.parameters()]

    def fail(self) -> None:
        def training_step(self: Any, batch: Any, batch_idx: int) -> None:
            raise LookupError("no loss today")

        pl = importlib.import_module(self.framework)
        trainer(pl).fit(module(pl, training_step=training_step), data())

    def check_run(self, run: Run) -> None:
        assert (run.params["rate"], run.params["trainer.max_epochs"]) == (0.1, 2)
        assert (run.params["optimizer"], run.params["scheduler.gamma"]) == ("SGD", 0.5)
        assert list(history(run, "loss_step")) == list(range(8))
        assert list(history(run, "val_loss")) == list(history(run, "loss_epoch")) == [3, 7]
        assert history(run, "lr") == {0: 0.1, 4: 0.05}
        assert {"model/MLmodel", "summary.txt"} <= set(run.artifacts())


class TestPytorchLightning(TestLightning):
    framework = "pytorch_lightning"
