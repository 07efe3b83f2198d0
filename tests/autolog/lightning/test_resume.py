"""A fit from a checkpoint goes on in the run that saved it."""

from __future__ import annotations

import os
import shutil
from contextvars import Context
from pathlib import Path
from typing import Any

import pytest

import autolog
from tests.autolog.lightning.conftest import Runs, data, history, module, trainer


def saving(pl: Any, folder: str = "kept", **settings: Any) -> Any:
    """A trainer that keeps the last checkpoint of each epoch."""
    callback = pl.callbacks.ModelCheckpoint(folder, save_last=True)
    return trainer(pl, callbacks=[callback], enable_checkpointing=True, **settings)


def stopping(self: Any, batch: Any, batch_idx: int) -> Any:
    """A step that fails in the middle of the third epoch."""
    if self.global_step == 10:
        raise MemoryError
    loss = self.loss(batch)
    self.log("loss", loss)
    return loss


def test_a_fit_that_broke_off_goes_on_as_the_same_run(runs: Runs, either: Any) -> None:
    with pytest.raises(MemoryError):
        saving(either, max_epochs=4).fit(module(either, training_step=stopping), data())
    (broken,) = runs()
    assert (broken.status, len(history(broken, "loss"))) == ("FAILED", 10)
    saving(either, max_epochs=4).fit(module(either), data(), ckpt_path="last")
    (run,) = runs()
    assert (run.id, run.status) == (broken.id, "FINISHED")


def test_steps_are_logged_once_and_settings_anew(runs: Runs, pl: Any) -> None:
    with pytest.raises(MemoryError):
        saving(pl, max_epochs=3).fit(module(pl, training_step=stopping), data())

    def step(self: Any, batch: Any, batch_idx: int) -> Any:
        self.log("loss", self.global_step + 0.5)
        return self.loss(batch)

    saving(pl, max_epochs=4).fit(module(pl, training_step=step), data(), ckpt_path="kept/last.ckpt")
    (run,) = runs()
    assert list(history(run, "loss")) == list(range(16))
    again = [step for step, value in history(run, "loss").items() if value == step + 0.5]
    assert again == list(range(8, 16))
    assert run.params["trainer.max_epochs"] == 4


def test_resumed_twice_and_from_a_checkpoint_before_the_last(runs: Runs, pl: Any) -> None:
    saving(pl, max_epochs=1).fit(module(pl), data())
    saving(pl, "second", max_epochs=2).fit(module(pl), data(), ckpt_path="kept/last.ckpt")
    saving(pl, "third", max_epochs=2).fit(module(pl), data(), ckpt_path="kept/last.ckpt")
    (run,) = runs()
    assert list(history(run, "loss_step")) == list(range(8))


def test_a_checkpoint_is_known_again_when_it_was_moved(runs: Runs, pl: Any) -> None:
    saving(pl, max_epochs=1).fit(module(pl), data())
    os.rename("kept/last.ckpt", "moved.ckpt")
    saving(pl).fit(module(pl), data(), ckpt_path="moved.ckpt")
    assert len(runs()) == 1


def test_a_checkpoint_of_the_run_itself_leads_back_to_it(runs: Runs, pl: Any) -> None:
    autolog.enable(store="runs")
    saving(pl, max_epochs=1).fit(module(pl), data())
    saving(pl).fit(module(pl), data(), ckpt_path=runs()[0].artifacts().path("checkpoints/last.ckpt"))
    (run,) = runs()
    assert list(history(run, "loss_step")) == list(range(8))
    assert not [name for name in run.artifacts() if name.endswith(".part")]


@pytest.mark.parametrize("how", ["unknown", "inside", "alive"])
def test_what_makes_another_run(runs: Runs, pl: Any, how: str) -> None:
    saving(pl, max_epochs=1).fit(module(pl), data())
    path = Path("kept/last.ckpt")
    if how == "unknown":
        shutil.copyfile(path, "copy.ckpt")
        saving(pl).fit(module(pl), data(), ckpt_path="copy.ckpt")
    elif how == "inside":
        with autolog.run("mine"):
            saving(pl).fit(module(pl), data(), ckpt_path=path)
    else:  # somebody, here another thread, is at work on the run
        with autolog.run(resume=runs()[0].id):
            Context().run(lambda: saving(pl).fit(module(pl), data(), ckpt_path=path))
    first, second = runs()
    assert list(history(first, "loss_step")) == [0, 1, 2, 3]
    assert list(history(second, "loss_step")) == [4, 5, 6, 7]
