"""``partial_fit``: one run for each estimator object, with a step for each call.

The run stays open until the object dies, the run around it ends, or the process ends.
"""

from __future__ import annotations

import weakref
from collections.abc import Generator
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

from ...flavors.streams import untouched
from ...tracking.contain import contained
from ...tracking.context import entered
from ..engine import Call, CallFailed
from ..fit import Fit, begin_fit
from ..sink import log_of
from ..warnings_ import heard
from .discretion import discreet
from .eligible import state_of
from .fits import before, keep, keep_warnings, run_name
from .later import follow
from .params import params_of
from .remembered import Remembered
from .rows import Data, data_of
from .training import SHARE, training

if TYPE_CHECKING:
    from ...tracking.runs import ActiveRun
    from ..seen import Seen
    from ..sink import Log


@dataclass
class _Series:
    """The calls so far for one estimator, all in one run.

    ``allowance`` is the time, in seconds, that training metrics may take by now, and
    ``cost`` what they took the last time: after short calls they come only now and then.
    """

    fit: Fit
    calls: int = 0
    samples: int = 0
    allowance: float = 0.0
    cost: float = 0.0


_series: Remembered[_Series] = Remembered(10_000)


def record_partial_fit(call: Call, log: Log) -> Generator[None, Any, None]:
    """Around the outermost ``partial_fit``."""
    name = run_name(call)
    if name is None:
        with entered(inside_fit=True):
            yield
        return
    estimator, data = call.instance, data_of(call)
    series = _series.get(estimator)
    if series is None or series.fit.run.ended:
        series = _begin(name, estimator, data)
    log = log_of(series.fit.run)
    try:
        with entered(run=series.fit.run, inside_fit=True, scope=None), heard(log.id) as warned:
            began = perf_counter()
            yield
            seconds = perf_counter() - began
    except CallFailed as failed:
        _series.drop(estimator)
        series.fit.end(failed.error)
        raise
    keep_warnings(warned, log)
    _step(estimator, data, seconds, series, log)


def _begin(name: str, estimator: Any, data: Data) -> _Series:
    fit = begin_fit(name)
    series = _Series(fit)
    _, seen = before(estimator, data, log_of(fit.run))
    _series.put(estimator, series)
    follow(estimator, log_of(fit.run))
    with contained("watching over an estimator"):
        _watch(estimator, fit, seen)
    return series


def _watch(estimator: Any, fit: Fit, seen: Seen | None) -> None:
    """See to the end of the run. What was learned is kept if the object lives to see it.

    ``seen``: the data of the first call.
    """
    living = weakref.ref(estimator)

    def last(run: ActiveRun) -> None:
        learned = living()
        if learned is not None:
            with discreet(learned, {}):
                keep(learned, log_of(run), seen)

    fit.run.before_end(last)
    if fit.owned:
        if fit.run.parent is not None:
            fit.run.parent.before_end(lambda parent: fit.end(None))
        weakref.finalize(estimator, fit.end, None).atexit = False


def _step(estimator: Any, data: Data, seconds: float, series: _Series, log: Log) -> None:
    series.samples += data.n
    series.allowance += SHARE * seconds
    metrics = {"partial_fit_time": seconds, "samples_seen": series.samples}
    if series.allowance >= series.cost and log.settings.wants("metrics", "training_score"):
        began = perf_counter()
        with untouched(state_of(estimator)):
            params, _ = params_of(estimator)
        with discreet(estimator, params):
            metrics.update(training(estimator, data, seconds, params).metrics)
        series.cost = perf_counter() - began
        series.allowance -= series.cost
    log.metrics(metrics, series.calls)
    series.calls += 1
