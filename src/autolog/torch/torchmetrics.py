"""torchmetrics: what ``compute()`` gives is recorded in the training that is under way.

Not what a call of the metric gives for one batch, nor what a metric computes for another
one that holds it. A value that is asked for again, and was not computed anew, is not
recorded again. No value is waited for.
"""

from __future__ import annotations

import functools
import sys
import weakref
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from types import CodeType, ModuleType
from typing import Any
from weakref import WeakKeyDictionary

import torch

from ...tracking.api import active_run
from ...tracking.contain import contained
from ...tracking.context import current
from ...tracking.runs import ActiveRun
from ..engine import Call, wrap
from ..sink import Log
from .readings import Value, value_of
from .sessions import current_training

MOST = 100
"""Of a result of more numbers than these, such as a curve, nothing is recorded."""


class _Asked:
    """A result that the user asked for; ``anew`` when not all of it came from caches."""

    anew = False


_on = False
_asked: ContextVar[_Asked | None] = ContextVar("autolog_torchmetrics", default=None)
_known: WeakKeyDictionary[ActiveRun, list[_Known]] = WeakKeyDictionary()
_NOT_THE_USERS = ("torchmetrics.", "torch.", "autolog.")


def patches(module: ModuleType) -> Iterable[AbstractContextManager[object]]:
    yield _listening()
    # Each metric has a `compute` of its own, which this makes; here it is seen below its cache.
    yield wrap((module.Metric, "_wrap_compute"), _wrapped, inside_fits=False)
    # Metrics around other metrics have no cache, and make it in a way of their own.
    yield wrap((module.wrappers.abstract.WrapperMetric, "_wrap_compute"), _wrapped, inside_fits=False)
    # Its results have names.
    yield wrap((module.MetricCollection, "compute"), _collected, inside_fits=False)


@contextmanager
def _listening() -> Iterator[None]:
    """Metrics that were made meanwhile stay as they are; they ask whether anybody listens."""
    global _on
    _on = True
    try:
        yield
    finally:
        _on = False


def _wrapped(call: Call, log: Log) -> Generator[None, Any, None]:
    call.replace(compute=_observed(call.instance, call.argument("compute")))
    yield


def _observed(metric: Any, compute: Callable[..., Any]) -> Callable[..., Any]:
    this = weakref.ref(metric)

    @functools.wraps(compute)
    def observed(*args: Any, **kwargs: Any) -> Any:
        if torch.compiler.is_compiling():  # nothing of ours belongs into a compiled function
            return compute(*args, **kwargs)
        outer = _asked.get()
        if outer is not None:
            outer.anew = True
            return compute(*args, **kwargs)
        with _asking():
            result = compute(*args, **kwargs)
        if _on:
            with contained("recording a result of torchmetrics"):
                _record_one(this(), result)
        return result

    return observed


@contextmanager
def _asking() -> Iterator[_Asked]:
    asked = _Asked()
    token = _asked.set(asked)
    try:
        yield asked
    finally:
        _asked.reset(token)


def _collected(call: Call, log: Log) -> Generator[None, Any, None]:
    """A collection computes its metrics one by one, and gives their results names."""
    if _asked.get() is not None:
        yield
        return
    with _asking() as asked:
        results = yield
    if asked.anew:
        _record(call.instance, "+".join(results), results)


def _record_one(metric: Any, result: Any) -> None:
    """The result of a metric by itself; not that of a single batch."""
    if metric is not None and getattr(metric, "_should_unsync", True):
        name = type(metric).__name__
        _record(metric, name, {name: result})


def _record(metric: Any, kind: str, results: Mapping[str, Any]) -> None:
    context, training = current(), current_training()
    run = training.log.run if training is not None else active_run()
    if run is None or context.inside_fit or context.suppressed:
        return
    suffix = _suffix(run, metric, kind, training.steps if training is not None else 0)
    values = {name + suffix: value for name, value in _numbers(results)}
    if training is not None:
        training.metrics(values)
        for name, higher in _better(metric).items():
            if name + suffix in values:
                training.best.evaluated(name + suffix, values[name + suffix], higher)
    else:
        Log(run).metrics({name: float(value) for name, value in values.items()})


def _better(metric: Any) -> dict[str, bool]:
    """By name, whether higher values are better, of those metrics that know."""
    named = dict(metric.items()) if hasattr(metric, "items") else {type(metric).__name__: metric}
    known = {name: getattr(one, "higher_is_better", None) for name, one in named.items()}
    return {name: higher for name, higher in known.items() if higher is not None}


def _suffix(run: ActiveRun, metric: Any, kind: str, step: int) -> str:
    """Nothing for the first metric of a kind, ``.2`` for a second one beside it: training and validation.

    One that is made anew for each epoch takes the place of the one before it: of a metric
    that is gone, or was computed at the same place of the program at an earlier step.
    """
    site, known = _site(), [entry for entry in _known.get(run, ()) if entry.kind == kind]
    entry = next((entry for entry in known if entry.metric() is metric), None)
    if entry is None:
        entry = next((entry for entry in known if entry.may_be_followed(site, step)), None)
    if entry is None:
        entry = _Known(kind, f".{len(known) + 1}" if known else "")
        _known.setdefault(run, []).append(entry)
    entry.metric, entry.site, entry.step = weakref.ref(metric), site, step
    return entry.suffix


class _Known:
    """A metric of a run, and where and when it was computed last."""

    metric: weakref.ref[Any]
    site: tuple[CodeType, int]
    step: int

    def __init__(self, kind: str, suffix: str) -> None:
        self.kind = kind
        self.suffix = suffix

    def may_be_followed(self, site: tuple[CodeType, int], step: int) -> bool:
        return self.metric() is None or (self.site == site and self.step < step)


def _site() -> tuple[CodeType, int]:
    """The place in the user's program that asks for a result."""
    frame = sys._getframe(1)
    while frame.f_back is not None and f"{frame.f_globals.get('__name__')}.".startswith(_NOT_THE_USERS):
        frame = frame.f_back
    return frame.f_code, frame.f_lasti


def _numbers(results: Mapping[str, Any]) -> Iterator[tuple[str, Value]]:
    """Single numbers; those of a vector by their places, those of a dict by their names."""
    for name, result in results.items():
        if isinstance(result, Mapping):
            yield from _numbers({f"{name}.{key}": value for key, value in result.items()})
        elif isinstance(result, torch.Tensor) and not result.is_complex() and result.numel() <= MOST:
            flat = result.detach().flatten()
            for index in range(len(flat)):
                value = value_of(flat[index])
                if value is not None:
                    yield (name if len(flat) == 1 else f"{name}.{index}"), value
        elif isinstance(result, int | float):
            yield name, float(result)
