"""The tuner's searches are runs of their own, and their probes are no fits."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

import autolog
from tests.autolog.lightning.conftest import Runs, data, history, module, trainer


def tuner(pl: Any, training: Any) -> Any:
    return importlib.import_module(f"{pl.__name__}.tuner").Tuner(training)


def with_lr(pl: Any) -> Any:
    model = module(pl)
    model.lr = 0.1
    return model


def test_lr_find_is_a_run_with_the_curve(runs: Runs, either: Any) -> None:
    found = tuner(either, trainer(either)).lr_find(with_lr(either), data(240), num_training=20)
    (run,) = runs()
    assert (run.name, run.status) == ("Lit.lr_find", "FINISHED")
    assert list(history(run, "lr").values()) == pytest.approx(found.results["lr"])
    assert list(history(run, "loss").values()) == pytest.approx(found.results["loss"])
    assert run.metrics["suggested_lr"] == found.suggestion()
    assert (run.params["num_training_steps"], run.params["min_lr"]) == (20, 1e-8)
    assert "loss_step" not in run.metrics


def test_in_a_run_of_the_users_it_is_nested_and_the_fit_is_not(runs: Runs, pl: Any) -> None:
    with autolog.run("mine") as mine:
        training, model = trainer(pl), with_lr(pl)
        tuner(pl, training).lr_find(model, data(240), num_training=15)
        training.fit(model, data())
    found, search = runs()
    assert (found.id, search.parent_id, search.name) == (mine.id, mine.id, "Lit.lr_find")
    assert len(history(found, "loss_step")) == 8


def test_the_callback_in_a_fit_is_a_nested_run(runs: Runs, either: Any) -> None:
    finder = either.callbacks.LearningRateFinder(num_training_steps=15)
    trainer(either, callbacks=[finder]).fit(with_lr(either), data(240))
    fit, search = runs()
    assert (search.parent_id, search.name, search.status) == (fit.id, "Lit.lr_find", "FINISHED")
    assert len(history(search, "lr")) == 15
    steps = list(history(fit, "loss_step"))
    assert steps == list(range(len(steps)))  # older versions count the search's steps as well


def test_searching_in_the_middle_of_a_fit_adds_no_steps_to_it(runs: Runs, pl: Any) -> None:
    class Again(pl.callbacks.LearningRateFinder):  # type: ignore[misc]
        def on_fit_start(self, *args: Any) -> None:
            pass

        def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
            if trainer.current_epoch == 1:
                self.lr_find(trainer, pl_module)

    trainer(pl, callbacks=[Again(num_training_steps=12)]).fit(with_lr(pl), data(240))
    fit, _search = runs()
    assert list(history(fit, "loss_step")) == list(range(80))


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fit", "validate"])
def test_scaling_the_batch_size(runs: Runs, pl: Any, method: str) -> None:
    model = module(pl)
    model.batch_size = 2
    for loader in ("train_dataloader", "val_dataloader"):
        setattr(type(model), loader, lambda self: data(24, self.batch_size))
    found = tuner(pl, trainer(pl)).scale_batch_size(model, method=method, max_trials=3, steps_per_trial=2)
    (run,) = runs()
    assert run.name == "Lit.scale_batch_size"
    assert list(history(run, "batch_size").values())[:3] == [2, 4, 8]
    assert run.metrics["best_batch_size"] == found
    assert run.params["max_trials"] == 3


def test_a_search_that_fails(runs: Runs, pl: Any) -> None:
    def training_step(self: Any, batch: Any, batch_idx: int) -> None:
        raise LookupError("no loss today")

    model = with_lr(pl)
    type(model).training_step = training_step
    with pytest.raises(LookupError):
        tuner(pl, trainer(pl)).lr_find(model, data())
    (run,) = runs()
    assert (run.status, run.error) == ("FAILED", "LookupError: no loss today")
