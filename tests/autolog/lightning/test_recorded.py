"""What is recorded of a training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from autolog.autolog.lightning import checkpoints
from tests.autolog.lightning.conftest import Runs, data, history, module, trainer


def test_hyperparameters_of_module_and_data_module(runs: Runs, pl: Any) -> None:
    class Data(pl.LightningDataModule):  # type: ignore[misc]
        def __init__(self, batch_size: int = 7, options: Any = None) -> None:
            super().__init__()
            self.save_hyperparameters()

        def train_dataloader(self) -> Any:
            return data()

    pl.seed_everything(7)
    trainer(pl).fit(module(pl), datamodule=Data(options={"a": {"b": 1}}))
    (run,) = runs()
    assert (run.params["rate"], run.params["width"], run.params["seed"]) == (0.1, 1, 7)
    assert (run.params["batch_size"], run.params["options/a/b"]) == (7, 1)
    assert (run.params["layers"], run.params["parameters"]) == (1, 5)
    assert (run.params["dataset"], run.params["dataset_size"]) == ("TensorDataset", 24)


def test_hyperparameters_that_are_not_to_be_logged(runs: Runs, pl: Any) -> None:
    model = module(pl)
    model.save_hyperparameters({"mine": 1}, logger=False)
    trainer(pl).fit(model, data())
    assert "rate" not in runs()[0].params


def test_settings_that_are_not_the_default(runs: Runs, pl: Any) -> None:
    chosen = {"gradient_clip_val": 0.5, "limit_train_batches": 2, "max_time": "00:01:00:00"}
    trainer(pl, profiler="simple", **chosen).fit(module(pl), data())
    params = runs()[0].params
    assert {name: value for name, value in params.items() if name.startswith("trainer.")} == {
        "trainer.accelerator": "CPUAccelerator",
        "trainer.strategy": "SingleDeviceStrategy",
        "trainer.devices": 1,
        "trainer.precision": "32-true",
        "trainer.max_epochs": 2,
        "trainer.max_time": 3600,
        "trainer.limit_train_batches": 2,
        "trainer.gradient_clip_val": 0.5,
        "trainer.log_every_n_steps": 1,
        "trainer.callbacks": "Timer",
        "trainer.logger": False,
        "trainer.enable_checkpointing": False,
        "trainer.profiler": "SimpleProfiler",
    }


def test_summary_is_made_without_running_the_model(runs: Runs, either: Any) -> None:
    model = module(either)
    model.example_input_array = torch.zeros(1, 99)  # would not fit
    trainer(either).fit(model, data())
    summary = runs()[0].artifacts().path("summary.txt").read_text()
    assert "net" in summary
    assert "Linear" in summary


def test_several_optimizers_and_manual_steps(runs: Runs, pl: Any) -> None:
    """As a GAN is trained: two optimizers, stepped by hand."""

    def configure_optimizers(self: Any) -> Any:
        self.automatic_optimization = False
        groups = [{"params": [self.net.weight]}, {"params": [self.net.bias], "lr": 0.3}]
        return torch.optim.SGD(self.net.parameters(), lr=0.1), torch.optim.Adam(groups, lr=0.2)

    def training_step(self: Any, batch: Any, batch_idx: int) -> None:
        for optimizer in self.optimizers():
            optimizer.zero_grad()
            loss = self.loss(batch)
            self.manual_backward(loss)
            optimizer.step()
            self.log("loss", loss)
        if batch_idx == 1:
            self.optimizers()[0].param_groups[0]["lr"] = 0.01

    model = module(pl, configure_optimizers=configure_optimizers, training_step=training_step)
    trainer(pl, max_epochs=1).fit(model, data())
    (run,) = runs()
    assert (run.params["optimizer.0"], run.params["optimizer.1"]) == ("SGD", "Adam")
    assert (run.params["optimizer.1.lr.0"], run.params["optimizer.1.lr.1"]) == (0.2, 0.3)
    assert run.params["optimizer.1.eps"] == 1e-8
    lr = history(run, "lr.0")
    assert list(lr.values()) == [0.1, 0.01]
    assert set(history(run, "lr.1.1").values()) == {0.3}
    assert len(history(run, "loss")) == 4


def test_the_rate_of_a_step_is_the_one_it_was_made_with(runs: Runs, pl: Any) -> None:
    def configure_optimizers(self: Any) -> Any:
        optimizer = torch.optim.SGD(self.parameters(), lr=1.0)
        scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    trainer(pl, max_epochs=1).fit(module(pl, configure_optimizers=configure_optimizers), data())
    (run,) = runs()
    assert history(run, "lr") == {0: 1.0, 1: 0.5, 2: 0.25, 3: 0.125}
    assert run.params["scheduler.interval"] == "step"


def test_early_stopping_and_checkpoints(runs: Runs, either: Any) -> None:
    import autolog

    autolog.enable(store="runs")  # with models

    def validation_step(self: Any, batch: Any, batch_idx: int) -> None:
        self.log("val_loss", float(abs(self.current_epoch - 1)))  # best in epoch 1

    stopping = either.callbacks.EarlyStopping("val_loss", patience=2)
    saving = either.callbacks.ModelCheckpoint("kept", monitor="val_loss", save_last=True)
    training = trainer(either, max_epochs=9, callbacks=[stopping, saving], enable_checkpointing=True)
    training.fit(module(either, validation_step=validation_step), data(), data())
    (run,) = runs()
    assert (run.metrics["best_score"], run.metrics["early_stopping.best_score"]) == (0, 0)
    assert run.metrics["stopped_epoch"] == 3
    assert (run.params["early_stopping.patience"], run.params["checkpoint.monitor"]) == (2, "val_loss")
    assert run.tags["autolog.best_checkpoint"] == saving.best_model_path
    for which, path in (("best", saving.best_model_path), ("last", saving.last_model_path)):
        assert run.artifacts().path(f"checkpoints/{which}.ckpt").read_bytes() == Path(path).read_bytes()
    assert "autolog" not in set(torch.load(saving.best_model_path, weights_only=False))
    assert b"autolog" not in Path(saving.best_model_path).read_bytes()


def test_a_training_that_monitored_nothing_has_no_best_score(runs: Runs, pl: Any) -> None:
    stopping = pl.callbacks.EarlyStopping("val_loss", check_on_train_epoch_end=False)
    trainer(pl, callbacks=[stopping]).fit(module(pl), data())
    assert "early_stopping.best_score" not in runs()[0].metrics


@pytest.mark.parametrize("rewritten", [False, True])
def test_large_checkpoints_are_linked_unless_they_are_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rewritten: bool
) -> None:
    monkeypatch.setattr(checkpoints, "_LARGE", 10)
    monkeypatch.setattr(checkpoints, "_cloned", lambda source, target: False)
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"x" * 100)
    checkpoints.place(source, target, rewritten=rewritten)
    assert target.samefile(source) is not rewritten
    source.write_bytes(b"y" * 100)
    assert (target.read_bytes() == b"x" * 100) is rewritten


def test_a_clone_is_a_copy(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"x" * 100)
    if checkpoints._cloned(source, target):  # where the file system can
        assert checkpoints.mark(source) == checkpoints.mark(target)
    else:
        assert not target.exists()
