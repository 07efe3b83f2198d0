"""LightGBM's estimators on Dask.

They hand a part of the training to each worker, and get the model from one of them. That
one gets a callback along with its part.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager
from time import perf_counter
from typing import TYPE_CHECKING, Any

from ...tracking.contain import contained
from ...tracking.context import current, entered
from ..boosting import Boosting, ModelScope
from ..boosting_dask import complete, wire_of
from ..engine import Call, wrap
from .callback import DistantCurves

if TYPE_CHECKING:
    from ..boosting_hooks import Recorder
    from ..sink import Log


class DaskHooks:
    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def patches(self, module: Any) -> Iterator[AbstractContextManager[object]]:
        fits = (module._DaskLGBMModel, "_lgb_dask_fit")  # what the ``fit`` of all of them calls
        yield wrap(fits, self.fitted)
        yield wrap(fits, self._recorder.fit, run=self._recorder.fit_name)
        yield wrap((module, "_train"), send)
        yield wrap((module, "_train_part"), part, always=True)

    def fitted(self, call: Call, log: Log) -> Generator[None, Any, None]:
        """Around a fit: is it that of the model which the open run is about?"""
        estimator, scope = call.instance, current().scope
        if not (log.active and (isinstance(scope, Boosting) or scope == ModelScope.of(estimator))):
            yield
            return
        began = perf_counter()
        with entered(scope=Boosting()):
            yield
        self._recorder.record(estimator.booster_, log, perf_counter() - began)
        with contained("completing the curves of lightgbm"):
            complete(log, estimator.evals_result_, estimator.booster_.current_iteration())


def send(call: Call, log: Log) -> Generator[None, Any, None]:
    """Around what hands out the parts."""
    if log.active and isinstance(current().scope, Boosting):
        call.replace(client=_Sending(call.argument("client"), DistantCurves(log, wire_of(log))))
    yield


def part(call: Call, log: Log) -> Generator[None, Any, None]:
    """Around one worker's part, in workers that record by themselves: it is no training of its own."""
    with entered(suppressed=True):
        yield


class _Sending:
    """A client that sends the callback along with the part whose model comes back."""

    def __init__(self, client: Any, curves: DistantCurves) -> None:
        self._client = client
        self._curves = curves

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def submit(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("return_model"):
            kwargs["callbacks"] = [self._curves, *(kwargs.get("callbacks") or ())]
        return self._client.submit(function, *args, **kwargs)
