"""What is written for TensorBoard is in the run as well, each value once."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import autolog
from autolog.autolog.tensorboard import patcher
from autolog.store.runs import Run
from autolog.testing import PatcherContract
from autolog.tracking import contain
from autolog.tracking.context import entered

MODULES = ["torch.utils.tensorboard", "tensorboardX"]


@pytest.fixture(params=MODULES)
def writer_class(request: pytest.FixtureRequest) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(request.param).SummaryWriter


@pytest.fixture(autouse=True)
def store(tmp_path: Path) -> Path:
    autolog.enable(store=tmp_path / "runs", frameworks=["tensorboard"])
    return tmp_path / "runs"


@contextmanager
def one_run(store: Path) -> Iterator[list[Run]]:
    """The list holds the only run there is, after the block."""
    found: list[Run] = []
    with autolog.run("mine"):
        yield found
    found.extend(autolog.search_runs(store=store))
    assert len(found) == 1


def test_scalars_with_the_writers_step_and_time(writer_class: Any, store: Path) -> None:
    with one_run(store) as runs, writer_class("logs/a") as writer:
        for step in range(4):
            writer.add_scalar("loss/train", 0.1 * step, step * 10, walltime=1000.5 + step)
        writer.add_scalar("last", 1)
        writer.add_scalar("last", 2)
    (run,) = runs
    history = run.history("loss/train")
    assert list(history.step) == [0, 10, 20, 30]
    assert list(history.value) == [0.1 * step for step in range(4)]  # in 64 bits
    assert [int(time) for time in history.time] == [1000500 + 1000 * step for step in range(4)]
    assert list(run.history("last").step) == [0, 1]
    assert run.tags["tensorboard.logdir"] == str(Path("logs/a").absolute())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (torch.tensor(0.5, requires_grad=True), 0.5),
        (torch.tensor([2]), 2.0),
        (np.float32(0.25), 0.25),
        (np.array(3.0), 3.0),
        (float("nan"), float("nan")),
        (True, 1.0),
    ],
)
def test_kinds_of_scalars(value: Any, expected: float, writer_class: Any, store: Path) -> None:
    if isinstance(value, torch.Tensor):
        value = value.detach()
    with one_run(store) as runs, writer_class("logs") as writer:
        writer.add_scalar("x", value, 0)
    assert list(runs[0].history("x").value) == pytest.approx([expected], nan_ok=True)


def test_the_new_style_of_scalars(store: Path) -> None:
    from torch.utils.tensorboard import SummaryWriter

    with one_run(store) as runs, SummaryWriter("logs") as writer:
        writer.add_scalar("x", torch.tensor(0.5), 1, new_style=True)
        writer.add_scalar("x", torch.tensor(0.25), 2, new_style=True, double_precision=True)
    assert list(runs[0].history("x").value) == [0.5, 0.25]


def test_many_scalars_of_one_tag(writer_class: Any, store: Path) -> None:
    with one_run(store) as runs, writer_class("logs") as writer:
        for step in range(3):
            writer.add_scalars("loss", {"train": step / 3, "valid": step + 0.5}, step)
    (run,) = runs
    assert set(run.metrics) == {"loss/train", "loss/valid"}
    assert list(run.history("loss/train").value) == [0.0, 1 / 3, 2 / 3]
    assert list(run.history("loss/valid").value) == [0.5, 1.5, 2.5]
    assert len([tag for tag in run.tags if tag.startswith("tensorboard")]) == 1


def test_hyperparameters(writer_class: Any, store: Path) -> None:
    with one_run(store) as runs, writer_class("logs") as writer:
        writer.add_hparams({"lr": 0.1, "layers": 2, "name": "net", "on": True}, {"hparam/accuracy": 0.75})
    (run,) = runs
    assert run.params == {"lr": 0.1, "layers": 2, "name": "net", "on": True}
    assert list(run.history("hparam/accuracy").value) == [0.75]
    assert [tag for tag in run.tags if tag.startswith("tensorboard")] == ["tensorboard.logdir"]


def test_pictures_figures_and_texts(writer_class: Any, store: Path) -> None:
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    with one_run(store) as runs, writer_class("logs") as writer:
        writer.add_image("samples/first", torch.zeros(3, 4, 5), 7)
        writer.add_images("grid", np.zeros((2, 3, 4, 5)), 1)
        writer.add_figure("curve", plt.figure(figsize=(1, 1)), 2)
        writer.add_text("notes", "a *text*", 3)
        writer.add_text("../bad:tag\0", "ö")
        writer.add_histogram("weights", np.arange(10.0), 1)
    (run,) = runs
    assert run.metrics == {}
    files = [name for name in run.artifacts() if name.startswith("tensorboard/")]
    assert sorted(files) == [
        "tensorboard/bad_tag_.txt",
        "tensorboard/curve-2.png",
        "tensorboard/grid-1.png",
        "tensorboard/notes-3.txt",
        "tensorboard/samples/first-7.png",
    ]
    assert run.artifacts().path("tensorboard/notes-3.txt").read_text() == "a *text*"
    assert run.artifacts().path("tensorboard/samples/first-7.png").read_bytes().startswith(b"\x89PNG")


def test_a_second_writer_has_its_own_curves(writer_class: Any, store: Path) -> None:
    with one_run(store) as runs:
        train, valid, other = (writer_class(f"logs/{name}") for name in ("train", "valid", "b/valid"))
        for step in range(2):
            train.add_scalar("loss", 1.0 + step, step)
            valid.add_scalar("loss", 2.0 + step, step)
            other.add_scalar("loss", 3.0 + step, step)
        for writer in (train, valid, other):
            writer.close()
        with writer_class("logs/train") as again:
            again.add_scalar("loss", 9.0, 2)
    (run,) = runs
    assert {name: list(run.history(name).value) for name in run.metrics} == {
        "loss": [1.0, 2.0, 9.0],
        "valid/loss": [2.0, 3.0],
        "valid'/loss": [3.0, 4.0],
    }
    assert run.tags["tensorboard.logdir.valid"] == str(Path("logs/valid").absolute())


def test_with_no_run_open_all_is_one_run(writer_class: Any, store: Path) -> None:
    for name in ("a", "b"):
        with writer_class(name) as writer:
            for step in range(50):
                writer.add_scalar("loss", step / 50, step)
    (run,) = autolog.search_runs(store=store)
    assert set(run.metrics) == {"loss", "b/loss"}
    assert run.status == "RUNNING"  # it ends with the process


def test_inside_a_recorded_fit_it_is_the_frameworks(writer_class: Any, store: Path) -> None:
    with autolog.run("mine"), entered(inside_fit=True), writer_class("logs") as writer:
        writer.add_scalar("loss", 1.0, 0)
        writer.add_hparams({"a": 1}, {"b": 2})
    (run,) = autolog.search_runs(store=store)
    assert (run.metrics, run.params) == ({}, {})


def test_what_the_user_excluded(writer_class: Any, store: Path) -> None:
    autolog.enable(
        store=store, frameworks=["tensorboard"], exclude=["metrics.debug/*", "artifacts.tensorboard/*"]
    )
    with one_run(store) as runs, writer_class("logs") as writer:
        writer.add_scalar("debug/x", 1.0, 0)
        writer.add_scalar("loss", 1.0, 0)
        writer.add_text("notes", "text", 0)
    assert set(runs[0].metrics) == {"loss"}
    assert not [name for name in runs[0].artifacts() if name.startswith("tensorboard")]


def events(folder: str) -> list[bytes]:
    """What is in the event files, without the times."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    found = []
    for path in sorted(Path(folder).rglob("*tfevents*")):
        for event in EventFileLoader(str(path)).Load():
            event.wall_time = 0.0
            found.append(event.SerializeToString(deterministic=True))
    return found


def write(writer_class: Any, folder: str) -> None:
    with writer_class(folder) as writer:
        writer.add_scalar("loss", torch.tensor(0.125), 3)
        writer.add_scalars("many", {"a": 1, "b": 2.5}, 4)
        writer.add_text("notes", "text", 5)
        writer.add_image("picture", np.zeros((3, 2, 2), dtype=np.uint8), 6)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_event_files_are_the_same(writer_class: Any) -> None:
    with autolog.run("mine"):
        write(writer_class, "ours")
    autolog.disable()
    write(writer_class, "bare")
    assert len(events("ours")) > 5
    assert events("ours") == events("bare")


def test_the_users_error_is_the_users(writer_class: Any, store: Path) -> None:
    with one_run(store) as runs, writer_class("logs") as writer:
        with pytest.raises(Exception, match=r".") as ours:  # what it is depends on the writer
            writer.add_scalar("x", torch.ones(3), 0)
        with pytest.raises(TypeError, match="dictionary"):
            writer.add_hparams([], {})
        autolog.disable()
        with pytest.raises(type(ours.value)) as bare:
            writer.add_scalar("x", torch.ones(3), 0)
        assert str(ours.value) == str(bare.value)
    assert (runs[0].metrics, runs[0].params) == ({}, {})


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_fault_of_ours_is_one_warning(
    writer_class: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from autolog.autolog.tensorboard import mirror

    def broken(*args: Any) -> str:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(contain, "strict", False)
    monkeypatch.setattr(mirror, "prefix_of", broken)
    with autolog.run("mine"):
        write(writer_class, "ours")
    autolog.disable()
    write(writer_class, "bare")
    assert events("ours") == events("bare")
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1


class TestTensorBoard(PatcherContract):
    """A writer trains nothing: with no run open it writes into that of the process, which ends with it."""

    patcher = patcher
    framework = "torch.utils.tensorboard"

    def train(self) -> list[float]:
        from torch.utils.tensorboard import SummaryWriter

        with SummaryWriter("logs/train") as writer:
            for step in range(3):
                writer.add_scalar("loss", 1 / (1 + step), step)
            writer.add_hparams({"lr": 0.5}, {"score": 2.0})
            writer.add_text("notes", "text", 1)
        return [1 / (1 + step) for step in range(3)]

    def fail(self) -> None:
        from torch.utils.tensorboard import SummaryWriter

        with SummaryWriter("logs") as writer:
            writer.add_scalar("loss", torch.ones(3), 0)

    def check_run(self, run: Run) -> None:
        assert run.params == {"lr": 0.5}
        assert list(run.history("loss").value)[:3] == self.train()[:3]

    def test_a_training_is_one_run(self, recorded: Path) -> None:
        self.train()
        self.train()
        (top,) = self.runs(recorded)
        assert top.status == "RUNNING"
        self.check_run(top)

    def test_a_failing_training_is_a_failed_run(self, recorded: Path) -> None:
        with pytest.raises(AssertionError, match="one element") as failed, autolog.run("mine"):
            self.fail()
        (top,) = self.runs(recorded)
        assert (top.status, top.metrics) == ("FAILED", {})
        assert (top.error or "").startswith(f"{type(failed.value).__qualname__}: ")

    def test_two_trainings_are_two_runs(self, recorded: Path) -> None:
        for name in ("one", "two"):
            with autolog.run(name):
                self.train()
        assert len(self.runs(recorded)) == 2

    def test_the_first_training_in_a_run_of_the_users_is_recorded_there(self, recorded: Path) -> None:
        with autolog.run("mine") as mine:
            self.train()
            self.train()
        (top,) = self.runs(recorded)
        assert top.id == mine.id
        assert list(top.history("loss").step) == [0, 1, 2, 0, 1, 2]
