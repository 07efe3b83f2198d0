"""Which hook goes where in Lightning."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from time import perf_counter
from types import ModuleType
from typing import Any

from ...tracking.context import current, entered
from ..engine import Call, CallFailed, wrap
from ..fit import Fit
from ..sink import Log
from . import runs, tuner
from .recording import Stage, keep_model, recording


def patches(module: ModuleType) -> Iterator[AbstractContextManager[object]]:
    """The patches for one of the two packages."""
    trainer = module.Trainer
    # Called by users, in the process of theirs, also where the training is in spawned ones.
    for function in ("fit", "validate", "test", "predict"):
        yield wrap((trainer, function), _around(function), run=_run_of(function))
    # Called in every process that trains, when all is set up and a checkpoint is loaded.
    yield wrap((trainer, "_run_stage"), stage)
    yield from tuner.patches(module)


def _run_of(function: str) -> Callable[[Call], Fit | None]:
    def run_of(call: Call) -> Fit | None:
        return runs.begin(call.instance, function, call.argument("model"), call.argument("ckpt_path"))

    return run_of


def _around(function: str) -> Callable[[Call, Log], Generator[None, Any, None]]:
    def around(call: Call, log: Log) -> Generator[None, Any, None]:
        trainer = call.instance
        model = runs.model_of(trainer, call.argument("model"))
        known = runs.fitted_in(model) is log.run
        runs.remember(model, log.run, function)
        began = perf_counter()
        try:
            with entered(scope=Stage(params=not known)):
                yield
        except CallFailed as failed:
            call.swallowed = _interruption(failed.error)
            raise
        if trainer.interrupted:  # older versions return as if nothing had happened
            call.swallowed = KeyboardInterrupt()
        log.metrics({runs.TIMES[function]: perf_counter() - began})
        if function == "fit" and not trainer.interrupted:
            keep_model(trainer, log)

    return around


def _interruption(error: BaseException) -> BaseException | None:
    """The Ctrl-C that Lightning made an exit of."""
    cause = error.__context__
    return cause if isinstance(error, SystemExit) and isinstance(cause, KeyboardInterrupt) else None


def stage(call: Call, log: Log) -> Generator[None, Any, None]:
    """Around the loops themselves, in each process that runs them; the first one records."""
    scope, trainer = current().scope, call.instance
    if not isinstance(scope, Stage) or not trainer.is_global_zero:
        yield
        return
    with entered(scope=None), recording(trainer, log, scope):
        yield
