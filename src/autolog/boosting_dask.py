"""Boosting on Dask: the rounds are recorded, live, by the worker that leads the training.

A callback is sent there, which opens the run in its folder, as workers of a search do. In a
worker that lacks autolog it becomes one that does nothing; where the folder is not to be
reached, nothing is recorded. What is missing in the end is taken from the result.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from ..tracking.active import active_settings
from ..tracking.opening import open_elsewhere
from .workers import HERE

if TYPE_CHECKING:
    from ..tracking.runs import ActiveRun
    from ..tracking.settings import Settings
    from .sink import Log

_sent: WeakValueDictionary[int, Any] = WeakValueDictionary()
"""Callbacks of this process, which workers that are threads of it get back as they are."""


@dataclass(frozen=True)
class Distant:
    """The part of a `Log` that a worker needs, with the settings of the process that sent it."""

    run: ActiveRun
    settings: Settings

    def series(self, name: str) -> Callable[[float, int], None]:
        wanted = self.settings.wants("metrics", name)
        return partial(self.run.log_metric, name) if wanted else lambda value, step: None

    def metrics(self, metrics: Mapping[str, float]) -> None:
        self.run.log_metrics({n: v for n, v in metrics.items() if self.settings.wants("metrics", n)})


def wire_of(log: Log) -> bytes:
    """What a worker needs to record into this run."""
    run = log.run
    assert run is not None
    where = {"address": run.writer.address, "name": run.name, "experiment": run.experiment}
    return pickle.dumps((replace(active_settings(), silent=True), run.id, where))


def reduced(callback: Any, wire: bytes, otherwise: str) -> Any:
    """How a callback pickles: as a call of a builtin that looks for autolog first."""
    _sent[id(callback)] = callback
    kind = type(callback)
    us = f"__import__({__name__!r}, fromlist=['landed']).landed(*a)"
    arguments = (kind.__module__, kind.__qualname__, wire, os.getpid(), id(callback))
    return eval, (f"{us} if {HERE} else {otherwise}", {"a": arguments})


def landed(module: str, name: str, wire: bytes, process: int, key: int) -> Any:
    """What a callback becomes where it arrives."""
    if process == os.getpid() and key in _sent:
        return _sent[key]
    settings, id_, where = pickle.loads(wire)
    kind = getattr(__import__(module, fromlist=[name]), name)
    return kind(Distant(open_elsewhere(settings, id_, **where), settings), wire)


def complete(log: Log, results: Mapping[str, Mapping[str, Sequence[float]]], rounds: int) -> None:
    """Log what is not in the run yet of results by data and metric; they end with the last of ``rounds``."""
    for data, metrics in results.items():
        for metric, values in metrics.items():
            name = f"{data}-{metric}"
            known, record = _known(log, name), log.series(name)
            for step, value in list(enumerate(values, max(rounds - len(values), 0)))[known:]:
                record(float(value), step)


def _known(log: Log, name: str) -> int:
    """How many values of a metric the run has."""
    store = log.run.store if log.run is not None else None
    return len(store.points(log.run.id, name).step) if store is not None and log.run is not None else 0
