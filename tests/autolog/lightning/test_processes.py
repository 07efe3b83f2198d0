"""Trainings in several processes are one run, which the first of them writes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import autolog
from tests.autolog.lightning.conftest import history

PROGRAM = """
import sys, warnings
import torch
import lightning.pytorch as pl
from torch.utils.data import DataLoader, TensorDataset
import autolog

class Lit(pl.LightningModule):
    def __init__(self, rate=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.net = torch.nn.Linear(4, 1)

    def training_step(self, batch, batch_idx):
        WAIT
        loss = self.net(batch[0]).pow(2).mean()
        self.log("loss", loss)
        self.log("all_loss", loss, on_step=False, on_epoch=True, sync_dist=True)
        return loss

    def test_step(self, batch, batch_idx):
        self.log("test_loss", self.net(batch[0]).mean(), sync_dist=True)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.rate)

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    ENABLE
    torch.manual_seed(0)
    data = DataLoader(TensorDataset(torch.ones(32, 4)), batch_size=4)
    trainer = pl.Trainer(max_epochs=2, accelerator="cpu", STRATEGY, log_every_n_steps=1,
                         enable_progress_bar=False, enable_model_summary=False, OURS)
    model = Lit()
    trainer.fit(model, data)
    trainer.test(model, data, verbose=False)
"""


def script(
    folder: Path, *, enable: bool = True, ours: str = "logger=False", strategy: str, wait: str = ""
) -> Path:
    text = PROGRAM.replace("STRATEGY", strategy).replace("OURS", ours).replace("WAIT", wait or "pass")
    on = "autolog.enable(store='runs')" if enable else ""
    path = folder / "program.py"
    path.write_text(text.replace("ENABLE", on))
    return path


def environment() -> dict[str, str]:
    return {**os.environ, "AUTOLOG_STORE": "runs", "AUTOLOG_STRICT": "1"}


def run(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(path)],
        capture_output=True,
        text=True,
        cwd=path.parent,
        env=environment(),
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


EXPLICIT = "logger=autolog.LightningLogger('Lit'), callbacks=[autolog.LightningCallback()]"


@pytest.mark.slow
@pytest.mark.parametrize(("strategy", "enable"), [("ddp_spawn", True), ("ddp", True), ("ddp", False)])
def test_two_processes_are_one_run(tmp_path: Path, strategy: str, enable: bool) -> None:
    ours = "logger=False" if enable else EXPLICIT
    path = script(tmp_path, enable=enable, ours=ours, strategy=f"strategy='{strategy}', devices=2")
    tested = strategy == "ddp"
    if not tested:  # it takes as long again
        path.write_text(path.read_text().replace("trainer.test", "(lambda *args, **kwargs: None)"))
    run(path)
    (one,) = autolog.search_runs(store=tmp_path / "runs")
    assert (one.name, one.status) == ("Lit", "FINISHED")
    assert list(history(one, "loss")) == list(range(8))
    assert list(history(one, "all_loss")) == [3, 7]
    assert (one.params["rate"], one.params["trainer.devices"]) == (0.1, 2)
    assert history(one, "lr") == {0: 0.1}
    assert ("test_loss" in one.metrics) is tested
    assert "model/MLmodel" in list(one.artifacts())


@pytest.mark.slow
def test_ctrl_c_from_outside_is_killed(tmp_path: Path) -> None:
    wait = "import time; open('begun', 'w').close(); time.sleep(0.05)"
    path = script(tmp_path, strategy="devices=1", wait=wait)
    program = subprocess.Popen(
        [sys.executable, str(path)], cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True
    )
    while program.poll() is None and not (tmp_path / "begun").exists():
        time.sleep(0.05)
    program.send_signal(signal.SIGINT)
    program.communicate(timeout=60)
    (one,) = autolog.search_runs(store=tmp_path / "runs")
    assert one.status == "KILLED"


@pytest.mark.slow
def test_a_killed_training_goes_on_as_one_run(tmp_path: Path) -> None:
    """SIGKILL in the second epoch; the same program again, from the last checkpoint."""
    keep = "callbacks=[pl.callbacks.ModelCheckpoint('kept', save_last=True)], logger=False"
    dying = "import os; os.path.exists('again') or self.global_step < 10 or os.kill(os.getpid(), 9)"
    path = script(tmp_path, strategy="devices=1", wait=dying, ours=keep)
    path.write_text(path.read_text().replace("fit(model, data)", "fit(model, data, ckpt_path='last')"))
    killed = subprocess.run(
        [sys.executable, str(path)], cwd=tmp_path, env=environment(), capture_output=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    (tmp_path / "again").touch()
    run(path)
    (one,) = autolog.search_runs(store=tmp_path / "runs")
    assert one.status == "FINISHED"
    assert list(history(one, "loss")) == list(range(16))
