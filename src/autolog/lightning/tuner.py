"""The tuner: `lr_find` and `scale_batch_size` are runs of their own, and their probes no fits."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

from ...tracking.active import active_settings
from ...tracking.api import surrounding_run
from ...tracking.context import current, entered
from ...tracking.opening import open_child, open_top
from ...tracking.outcome import outcome
from ..engine import Call, CallFailed, wrap
from ..fit import Fit
from ..sink import Log
from . import facts
from .runs import model_of

Hook = Callable[[Call, Log], Generator[None, Any, None]]


def patches(module: ModuleType) -> Iterator[AbstractContextManager[object]]:
    tuner = import_module(f"{module.__name__}.tuner").Tuner
    for method in ("lr_find", "scale_batch_size"):
        yield wrap((tuner, method), tune, run=run_of(method))
    # The tuner works through these callbacks; users also put them into a Trainer.
    yield wrap((module.callbacks.LearningRateFinder, "lr_find"), search("lr_find", lr_curve))
    yield wrap((module.callbacks.BatchSizeFinder, "scale_batch_size"), search("scale_batch_size", batch_size))
    # Called for each batch size that is tried.
    scaling = import_module(f"{module.__name__}.tuner.batch_size_scaling")
    yield wrap((scaling, "_adjust_batch_size"), tried, always=True)


class Tuning(NamedTuple):
    """The scope that the tuner works in; the run there is that of its search."""


def run_of(method: str) -> Callable[[Call], Fit | None]:
    """A run of its own: nested, but never the first fit of the user's run."""

    def run_of_call(call: Call) -> Fit | None:
        trainer = call.instance._trainer
        if trainer.global_rank != 0:
            return None
        name = f"{type(model_of(trainer, call.argument('model'))).__name__}.{method}"
        above = surrounding_run()
        run = open_top(active_settings(), name) if above is None else open_child(above, name)
        return Fit(run, owned=True)

    return run_of_call


def tune(call: Call, log: Log) -> Generator[None, Any, None]:
    model = model_of(call.instance._trainer, call.argument("model"))
    log.tags(facts.tags(model))
    with entered(scope=Tuning()):
        yield


def search(name: str, record: Callable[[Any, Log], None]) -> Hook:
    """Around a search of a callback's, in the tuner or inside a fit; there it is a nested run."""

    def searching(call: Call, log: Log) -> Generator[None, Any, None]:
        trainer, tuning = call.argument("trainer"), isinstance(current().scope, Tuning)
        if not log.active or not trainer.is_global_zero:
            yield
            return
        found = log if tuning else log.child(f"{type(trainer.lightning_module).__name__}.{name}")
        found.params({key[1:]: value for key, value in vars(call.instance).items() if key in _ARGUMENTS})
        error = None
        try:
            with entered(run=found.run, suppressed=True, scope=Tuning()):
                yield
        except CallFailed as failed:
            error = None if _is_exit(failed.error) else failed.error
        if error is None:
            record(call.instance, found)
        if not tuning:
            found.end(outcome(error), error)

    return searching


_ARGUMENTS = frozenset(
    "_min_lr _max_lr _num_training_steps _mode _early_stop_threshold"
    " _steps_per_trial _init_val _max_trials _batch_arg_name".split()
)


def _is_exit(error: BaseException) -> bool:
    """Lightning's way to leave the fit that the tuner works in."""
    return type(error).__name__ == "_TunerExitException"


def lr_curve(finder: Any, log: Log) -> None:
    """The learning rates tried and the losses they gave, one a step; and the one it proposes."""
    found = finder.optimal_lr
    if found is None:  # fast_dev_run
        return
    rates, losses = found.results["lr"], found.results["loss"]
    for step, (rate, loss) in enumerate(zip(rates, losses, strict=False)):
        log.metrics({"lr": rate, "loss": loss}, step)
    if found._optimal_idx is not None:
        log.metrics({"suggested_lr": rates[found._optimal_idx]})


def batch_size(finder: Any, log: Log) -> None:
    if finder.optimal_batch_size is not None:
        log.metrics({"best_batch_size": finder.optimal_batch_size})


def tried(call: Call, log: Log) -> Generator[None, Any, None]:
    size, _ = yield
    if isinstance(current().scope, Tuning):
        log.metrics({"batch_size": size})
