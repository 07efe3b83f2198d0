"""Which run a call of the Trainer becomes, and how that run ends."""

from __future__ import annotations

import copy
import pickle
import signal
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import torch

import autolog
from tests.autolog.lightning.conftest import Runs, data, history, module, trainer


def test_a_trainer_that_fits_twice_makes_two_runs_and_is_left_as_it_was(runs: Runs, either: Any) -> None:
    twice = trainer(either, max_epochs=1, callbacks=[either.callbacks.Callback()])
    callbacks = twice.callbacks
    model = module(either)
    twice.fit(model, data())
    assert twice.callbacks is callbacks
    assert len(callbacks) == 1
    assert not {"save_checkpoint", "log_metrics"} & {*vars(twice), *vars(twice._logger_connector)}
    twice.fit_loop.max_epochs = 3
    twice.fit(model, data())
    first, second = runs()
    assert list(history(first, "loss_step")) == [0, 1, 2, 3]
    assert list(history(second, "loss_step")) == list(range(4, 12))


@pytest.mark.parametrize("logger", [None, "CSVLogger", "TensorBoardLogger"])
def test_what_lightning_logs_is_recorded_once_with_any_logger(runs: Runs, pl: Any, logger: Any) -> None:
    chosen = logger is not None and getattr(pl.loggers, logger)("logs")
    trainer(pl, logger=chosen, log_every_n_steps=3).fit(module(pl), data(), data())
    (run,) = runs()
    assert list(history(run, "loss_step")) == [2, 5]
    assert list(history(run, "loss_epoch")) == list(history(run, "val_loss")) == [3, 7]
    assert history(run, "epoch") == {2: 0.0, 5: 1.0}


def test_an_evaluation_of_the_fitted_model_belongs_to_its_run(runs: Runs, either: Any) -> None:
    model = module(either)
    trainer(either).fit(model, data())
    params = runs()[0].params
    trainer(either, devices=1, limit_test_batches=2).test(model, data(), verbose=False)
    trainer(either).validate(model, data(), verbose=False)
    trainer(either).predict(model, data())
    (run,) = runs()
    assert {"test_loss", "test_time", "val_loss", "validate_time", "predict_time"} <= set(run.metrics)
    assert run.params == params
    assert run.metrics["epoch"] == 1
    assert run.status == "FINISHED"


def test_an_evaluation_of_another_model_is_a_run(runs: Runs, pl: Any) -> None:
    trainer(pl).test(module(pl), data(), verbose=False)
    trainer(pl).predict(module(pl), data())
    tested, predicted = runs()
    assert (tested.name, predicted.name) == ("Lit.test", "Lit.predict")
    assert list(history(tested, "test_loss")) == [0]
    assert tested.params["rate"] == 0.1
    assert "predict_time" in predicted.metrics


def test_an_evaluation_leaves_the_first_place_in_a_run_to_the_fit(runs: Runs, pl: Any) -> None:
    model = module(pl)
    with autolog.run("mine"):
        trainer(pl).validate(model, data(), verbose=False)
        trainer(pl).fit(model, data(), data())
    with autolog.run("evaluation"):
        trainer(pl).test(model, data(), verbose=False)
    mine, evaluation = runs()
    assert list(history(mine, "val_loss")) == [0, 3, 7]
    assert "test_loss" in evaluation.metrics
    assert "test_loss" not in mine.metrics


def stop_with(error: BaseException, at: int) -> Any:
    def training_step(self: Any, batch: Any, batch_idx: int) -> Any:
        if self.global_step == at:
            raise error
        loss = self.loss(batch)
        self.log("loss", loss)
        return loss

    return training_step


@pytest.fixture
def interrupts() -> Iterator[None]:
    """Lightning ignores Ctrl-C after the first; put back what was there."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interrupts")
def test_ctrl_c_is_killed_with_what_was_logged(runs: Runs, either: Any) -> None:
    with suppress(SystemExit):  # which newer versions make of it
        trainer(either).fit(module(either, training_step=stop_with(KeyboardInterrupt(), 5)), data())
    (run,) = runs()
    assert run.status == "KILLED"
    assert list(history(run, "loss")) == [0, 1, 2, 3, 4]


@pytest.mark.usefixtures("interrupts")
def test_ctrl_c_in_a_run_of_the_users(runs: Runs, pl: Any) -> None:
    with suppress(SystemExit, KeyboardInterrupt), autolog.run("mine"):
        trainer(pl).fit(module(pl, training_step=stop_with(KeyboardInterrupt(), 5)), data())
        raise KeyboardInterrupt  # older versions swallow it
    (run,) = runs()
    assert run.status == "KILLED"


def test_an_error_is_the_users_own_and_keeps_what_was_logged(runs: Runs, pl: Any) -> None:
    error = ZeroDivisionError("at 5")
    with pytest.raises(ZeroDivisionError) as raised:
        trainer(pl).fit(module(pl, training_step=stop_with(error, 5)), data())
    assert raised.value is error
    (run,) = runs()
    assert (run.status, run.error) == ("FAILED", "ZeroDivisionError: at 5")
    assert list(history(run, "loss")) == [0, 1, 2, 3, 4]


def test_a_trainer_is_copied_and_pickled_without_us(runs: Runs, pl: Any) -> None:
    copies: list[Any] = []

    class Copying(pl.callbacks.Callback):  # type: ignore[misc]
        def on_train_start(self, trainer: Any, pl_module: Any) -> None:
            connector = trainer._logger_connector
            copies.append(copy.deepcopy(connector))
            copies.append(connector.log_metrics.__reduce__())

    trainer(pl, max_epochs=1, callbacks=[Copying()]).fit(module(pl), data())
    copied, (function, (owner, name)) = copies
    assert type(copied.log_metrics).__name__ == "method"
    assert copied.log_metrics.__self__ is copied
    assert function(owner, name).__self__ is owner
    assert b"autolog." not in pickle.dumps(trainer(pl))


def test_a_training_inside_another_one_is_part_of_it(runs: Runs, pl: Any) -> None:
    class Inner(pl.callbacks.Callback):  # type: ignore[misc]
        def on_train_start(self, trainer_: Any, pl_module: Any) -> None:
            trainer(pl, max_epochs=1).fit(module(pl), data())

    trainer(pl, callbacks=[Inner()]).fit(module(pl), data())
    (run,) = runs()
    assert list(history(run, "loss_step")) == list(range(8))


def test_both_packages_in_one_process(runs: Runs) -> None:
    import lightning.pytorch
    import pytorch_lightning

    for package in (lightning.pytorch, pytorch_lightning):
        trainer(package).fit(module(package), data())
    assert [list(history(run, "loss_step")) for run in runs()] == [list(range(8))] * 2


def test_random_numbers_are_those_of_a_training_without_us(runs: Runs, pl: Any) -> None:
    def drawn() -> Any:
        torch.manual_seed(0)
        model = module(pl)
        model.example_input_array = torch.zeros(1, 4)
        trainer(pl).fit(model, data(), data())
        return torch.rand(3).tolist(), [p.tolist() for p in model.parameters()]

    with_us = drawn()
    autolog.disable()
    assert with_us == drawn()
