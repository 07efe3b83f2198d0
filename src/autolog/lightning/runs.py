"""Which run a call of the Trainer is recorded in."""

from __future__ import annotations

from typing import Any

from ...tracking.api import surrounding_run
from ...tracking.runs import ActiveRun
from ..fit import Fit, begin_fit
from ..sklearn.remembered import Remembered
from .checkpoints import resumed
from .logger import logger_of

TIMES = {
    "fit": "training_time",
    "validate": "validate_time",
    "test": "test_time",
    "predict": "predict_time",
}

_fitted: Remembered[ActiveRun] = Remembered(limit=1000)


def begin(trainer: Any, function: str, model: Any, ckpt_path: Any) -> Fit | None:
    """The run for a call of ``fit``, ``validate``, ``test`` or ``predict``.

    None in all processes of a distributed training but the first.
    """
    model = model_of(trainer, model)
    if trainer.global_rank != 0 or model is None:
        return None
    logger = logger_of(trainer)
    if logger is not None and logger.is_open:
        return Fit(logger.experiment, owned=True)
    return _fit(trainer, model, ckpt_path) if function == "fit" else _evaluation(trainer, model, function)


def _fit(trainer: Any, model: Any, ckpt_path: Any) -> Fit:
    run = resumed(trainer, ckpt_path) if surrounding_run() is None else None
    return _new(trainer, type(model).__name__) if run is None else Fit(run, owned=True)


def _evaluation(trainer: Any, model: Any, function: str) -> Fit:
    """In the run that the model was fitted in, unless the user has another one open.

    An evaluation is no fit: in the user's run it leaves the first place to one.
    """
    above, fitted = surrounding_run(), fitted_in(model)
    if fitted is not None and (above is None or above in _line(fitted)):
        return Fit(fitted, owned=False)
    if above is not None:
        return Fit(above, owned=False)
    return _new(trainer, f"{type(model).__name__}.{function}")


def _new(trainer: Any, name: str) -> Fit:
    """A logger of ours says how its run is called; in the user's run there is nothing to say."""
    logger = logger_of(trainer)
    if logger is not None and surrounding_run() is None:
        return Fit(logger.open(name), owned=True)
    return begin_fit(name)


def _line(run: ActiveRun | None) -> list[ActiveRun]:
    """The run and all that it is nested in."""
    return [] if run is None else [run, *_line(run.parent)]


def model_of(trainer: Any, model: Any) -> Any:
    """The module that is meant: also of a compiled one, or when none was given."""
    model = trainer.lightning_module if model is None else model
    return getattr(model, "_orig_mod", model)


def fitted_in(model: Any) -> ActiveRun | None:
    """The run that this very object was fitted in."""
    return _fitted.get(model)


def remember(model: Any, run: ActiveRun | None, function: str) -> None:
    if function == "fit" and run is not None:
        _fitted.put(model, run)
