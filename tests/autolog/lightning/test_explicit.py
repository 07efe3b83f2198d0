"""`LightningCallback` and `LightningLogger`: explicit, alone or together with the rest."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from argparse import Namespace
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import autolog
from autolog.tracking.active import activate
from autolog.tracking.settings import resolve
from tests.autolog.lightning.conftest import Runs, data, found, history, module, trainer
from tests.autolog.lightning.test_runs import interrupts, stop_with  # noqa: F401


@pytest.fixture
def explicit() -> Runs:
    """Nothing is enabled; gives all runs so far."""
    activate(resolve(store="runs", models=False))
    return found


@pytest.fixture(params=["callback", "logger", "both"])
def ours(request: pytest.FixtureRequest, pl: Any) -> dict[str, Any]:
    """The settings of a Trainer that has the one, the other, or both."""
    settings: dict[str, Any] = {}
    if request.param != "logger":
        settings["callbacks"] = [autolog.LightningCallback()]
    if request.param != "callback":
        settings["logger"] = autolog.LightningLogger()
    return settings


def check(run: Any) -> None:
    assert run.status == "FINISHED"
    assert list(history(run, "loss_step")) == list(range(8))
    assert list(history(run, "loss_epoch")) == list(history(run, "val_loss")) == [3, 7]
    assert run.params["rate"] == 0.1


def test_a_fit_is_one_run(explicit: Runs, pl: Any, ours: dict[str, Any]) -> None:
    trainer(pl, **ours).fit(module(pl), data(), data())
    (run,) = explicit()
    check(run)
    assert "trainer.max_epochs" in run.params or "callbacks" not in ours


def test_with_everything_on_there_is_one_run_and_each_value_once(
    runs: Runs, either: Any, ours: dict[str, Any]
) -> None:
    trainer(either, **ours).fit(module(either), data(), data())
    (run,) = runs()
    check(run)
    assert history(run, "lr") == {0: 0.1, 4: 0.05}


def test_it_is_recorded_in_a_run_of_the_users(explicit: Runs, pl: Any, ours: dict[str, Any]) -> None:
    with autolog.run("mine") as mine:
        trainer(pl, **ours).fit(module(pl), data(), data())
        autolog.log_metric("after", 1.0)
    (run,) = explicit()
    assert (run.id, run.metrics["after"]) == (mine.id, 1.0)
    check(run)


def test_an_evaluation_after_the_fit_is_in_its_run(explicit: Runs, pl: Any, ours: dict[str, Any]) -> None:
    training, model = trainer(pl, **ours), module(pl)
    training.fit(model, data(), data())
    training.test(model, data(), verbose=False)
    (run,) = explicit()
    check(run)
    assert len(history(run, "test_loss")) == 1


@pytest.mark.usefixtures("interrupts")
@pytest.mark.parametrize(
    ("error", "status"), [(KeyboardInterrupt(), "KILLED"), (LookupError("mine"), "FAILED")]
)
def test_how_a_fit_ends(
    explicit: Runs, pl: Any, ours: dict[str, Any], error: BaseException, status: str
) -> None:
    with suppress(SystemExit, LookupError):
        trainer(pl, **ours).fit(module(pl, training_step=stop_with(error, 3)), data())
    (run,) = explicit()
    assert (run.status, list(history(run, "loss"))) == (status, [0, 1, 2])


def test_a_callback_makes_a_run_of_each_fit(explicit: Runs, pl: Any) -> None:
    for _ in range(2):
        trainer(pl, callbacks=[autolog.LightningCallback()]).fit(module(pl), data())
    assert [len(history(run, "loss_step")) for run in explicit()] == [8, 8]


def test_they_are_what_lightning_takes(either: Any) -> None:
    assert isinstance(autolog.LightningCallback(), either.callbacks.Callback)
    assert isinstance(autolog.LightningCallback(), autolog.LightningCallback)
    assert isinstance(autolog.LightningLogger(), either.loggers.Logger)
    assert isinstance(autolog.LightningLogger(), autolog.LightningLogger)


def test_they_copy_and_pickle(explicit: Runs, either: Any) -> None:
    class Mine(autolog.LightningCallback):
        pass

    logger = autolog.LightningLogger("named", experiment="here")
    logger.log_metrics({"a": 1.0}, step=0)
    for copied in (pickle.loads(pickle.dumps(logger)), copy.deepcopy(logger)):
        copied.log_metrics({"a": 2.0}, step=1)
        assert (copied.version, copied.name) == (logger.version, "here")
    assert isinstance(copy.deepcopy(Mine()), Mine)
    assert type(pickle.loads(pickle.dumps(autolog.LightningCallback()))) is type(autolog.LightningCallback())
    (run,) = explicit()
    assert (run.name, len(run.history("a").step)) == ("named", 3)


def test_the_logger_as_users_call_it(explicit: Runs, pl: Any) -> None:
    logger = autolog.LightningLogger()
    logger.log_hyperparams({"a": {"b": 1}})
    logger.log_hyperparams(Namespace(c=2))
    logger.experiment.set_tag("mine", "yes")
    model = module(pl, on_train_start=lambda self: self.logger.log_metrics({"by_hand": 3.0}, step=0))
    trainer(pl, logger=logger).fit(model, data())
    (run,) = explicit()
    assert (run.params["a/b"], run.params["c"], run.tags["mine"]) == (1, 2, "yes")
    assert run.metrics["by_hand"] == 3.0
    assert run.status == "FINISHED"


@pytest.mark.slow
def test_a_logger_names_the_run_and_goes_on_with_one(runs: Runs, pl: Any) -> None:
    trainer(pl, logger=autolog.LightningLogger("first", experiment="here")).fit(module(pl), data())
    (run,) = runs()
    assert (run.name, run.experiment, run.status) == ("first", "here", "FINISHED")
    trainer(pl, max_epochs=3, logger=autolog.LightningLogger(resume=run)).fit(module(pl), data())
    (run,) = runs()
    assert list(history(run, "loss_step")) == list(range(12))


def test_checkpoints_lie_in_a_folder_of_the_run(explicit: Runs, pl: Any) -> None:
    activate(resolve(store="runs"))
    logger = autolog.LightningLogger(experiment="here")
    trainer(pl, logger=logger, enable_checkpointing=True).fit(module(pl), data())
    (run,) = explicit()
    assert [path.name for path in Path("here", run.id, "checkpoints").iterdir()] == ["epoch=1-step=8.ckpt"]
    assert "checkpoints/best.ckpt" in list(run.artifacts())


def test_suppressed_the_callback_does_nothing(explicit: Runs, pl: Any) -> None:
    with autolog.suppressed():
        trainer(pl, callbacks=[autolog.LightningCallback()]).fit(module(pl), data())
    assert explicit() == []


@pytest.mark.slow
def test_importing_autolog_imports_no_lightning() -> None:
    code = (
        "import sys, autolog; autolog.LightningLogger, autolog.LightningCallback;"
        "print([name for name in ('torch', 'lightning', 'pytorch_lightning') if name in sys.modules]);"
        "print(isinstance(autolog.LightningCallback(), sys.modules['lightning.pytorch'].Callback))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["[]", "True"]
