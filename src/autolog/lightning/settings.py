"""The settings of a Trainer, as far as it keeps them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from operator import attrgetter
from typing import Any

_SETTINGS = (
    # name, where the Trainer keeps it, what it is there when nothing is said
    ("max_epochs", "max_epochs", (None, 1000)),
    ("min_epochs", "min_epochs", (None, 0)),
    ("max_steps", "max_steps", (-1,)),
    ("min_steps", "min_steps", (None,)),
    ("fast_dev_run", "fast_dev_run", (False,)),
    ("overfit_batches", "overfit_batches", (0.0,)),
    ("limit_train_batches", "limit_train_batches", (1.0,)),
    ("limit_val_batches", "limit_val_batches", (1.0,)),
    ("limit_test_batches", "limit_test_batches", (1.0,)),
    ("limit_predict_batches", "limit_predict_batches", (1.0,)),
    ("val_check_interval", "val_check_interval", (1.0,)),
    ("check_val_every_n_epoch", "check_val_every_n_epoch", (1,)),
    ("num_sanity_val_steps", "num_sanity_val_steps", (2,)),
    ("log_every_n_steps", "log_every_n_steps", (50,)),
    ("accumulate_grad_batches", "accumulate_grad_batches", (1,)),
    ("gradient_clip_val", "gradient_clip_val", (None,)),
    ("gradient_clip_algorithm", "gradient_clip_algorithm", (None,)),
    ("deterministic", "_accelerator_connector.deterministic", (None, False)),
    ("benchmark", "_accelerator_connector.benchmark", (None,)),
    ("sync_batchnorm", "_accelerator_connector.sync_batchnorm", (False,)),
    ("use_distributed_sampler", "_accelerator_connector.use_distributed_sampler", (True,)),
    ("inference_mode", "test_loop.inference_mode", (True,)),
    ("detect_anomaly", "_detect_anomaly", (False,)),
    ("barebones", "barebones", (False,)),
    ("reload_dataloaders_every_n_epochs", "_data_connector._reload_dataloaders_every_n_epochs", (0,)),
    ("num_nodes", "num_nodes", (1,)),
)
_SHOWING = ("TQDMProgressBar", "RichProgressBar", "ModelSummary", "RichModelSummary")
_DEFAULT_LOGGERS = ("TensorBoardLogger", "CSVLogger")


def settings(trainer: Any) -> dict[str, Any]:
    """On what it runs, the settings that are not the default, and the seed."""
    found: dict[str, Any] = {
        "trainer.accelerator": type(trainer.accelerator).__name__,
        "trainer.strategy": type(trainer.strategy).__name__,
        "trainer.devices": trainer.num_devices,
        "trainer.precision": trainer.precision,
    }
    for name, path, defaults in _SETTINGS:
        value = _at(trainer, path, defaults[0])
        if value not in defaults:
            found[f"trainer.{name}"] = value
    found.update(_objects(trainer))
    if "PL_GLOBAL_SEED" in os.environ:  # set by seed_everything
        found["seed"] = int(os.environ["PL_GLOBAL_SEED"])
    return found


def _at(trainer: Any, path: str, default: Any) -> Any:
    try:
        return attrgetter(path)(trainer)
    except AttributeError:  # another version keeps it elsewhere
        return default


def _objects(trainer: Any) -> Iterator[tuple[str, Any]]:
    """Settings that became objects, where they are not those of the defaults."""
    if not trainer.checkpoint_callbacks:
        yield "trainer.enable_checkpointing", False
    callbacks = [type(callback).__name__ for callback in trainer.callbacks]
    chosen = [name for name in callbacks if name not in _SHOWING]
    if chosen not in ([], ["ModelCheckpoint"]):
        yield "trainer.callbacks", ", ".join(chosen)
    for callback in trainer.callbacks:
        if type(callback).__name__ == "Timer":  # what Lightning makes of max_time
            yield "trainer.max_time", callback._duration
    loggers = [type(logger).__name__ for logger in trainer.loggers]
    if len(loggers) != 1 or loggers[0] not in _DEFAULT_LOGGERS:
        yield "trainer.logger", ", ".join(loggers) or False
    if type(trainer.profiler).__name__ != "PassThroughProfiler":
        yield "trainer.profiler", type(trainer.profiler).__name__
    if str(trainer.default_root_dir) != os.getcwd():
        yield "trainer.default_root_dir", str(trainer.default_root_dir)
