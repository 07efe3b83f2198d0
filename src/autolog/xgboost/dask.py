"""XGBoost on Dask: ``xgboost.dask.train`` and the estimators.

Both send their training to the workers through ``_train_async``, in the event loop's
thread. With an asynchronous client nothing is recorded: the call returns before it trains.
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
from ..engine import Call, wrap, wrap_cell
from .callback import DistantCurves

if TYPE_CHECKING:
    from ..boosting_hooks import Recorder
    from ..sink import Log


class DaskHooks:
    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def patches(self, module: Any) -> Iterator[AbstractContextManager[object]]:
        yield wrap_cell(module.train, "func", self.train, run=self._train_name)
        yield wrap((module.DaskScikitLearnBase, "_client_sync"), self.fitted)
        yield wrap((module.DaskScikitLearnBase, "_client_sync"), self._recorder.fit, run=self._fit_name)
        yield wrap((module, "_train_async"), send)

    def train(self, call: Call, log: Log) -> Generator[None, Any, None]:
        """Around the outermost ``xgboost.dask.train``."""
        self._recorder.begin(call, log)
        began = perf_counter()
        with entered(scope=Boosting()):
            result = yield
        self._record(result["booster"], result["history"], log, perf_counter() - began)
        self._recorder.keep(result["booster"], result["booster"], log)

    def fitted(self, call: Call, log: Log) -> Generator[None, Any, None]:
        """Around what the estimators do with their client: is it the fit that the open run is about?"""
        estimator, scope = call.instance, current().scope
        ours = isinstance(scope, Boosting) or scope == ModelScope.of(estimator)
        if not (ours and log.active and _is_fit(call)):
            yield
            return
        began = perf_counter()
        with entered(scope=Boosting()):
            yield
        history = getattr(estimator, "evals_result_", {})
        self._record(estimator.get_booster(), history, log, perf_counter() - began)

    def _record(self, booster: Any, history: Any, log: Log, seconds: float) -> None:
        self._recorder.record(booster, log, seconds)
        with contained("completing the curves of xgboost"):
            complete(log, history, booster.num_boosted_rounds())

    def _train_name(self, call: Call) -> str | None:
        return None if _is_asynchronous(call.argument("client")) else self._recorder.name("dask.train")

    def _fit_name(self, call: Call) -> str | None:
        waits = _is_fit(call) and not _is_asynchronous(call.instance.client)
        return self._recorder.fit_name(call) if waits else None


def send(call: Call, log: Log) -> Generator[None, Any, None]:
    """Around ``_train_async``: a callback goes along with the user's."""
    if log.active and isinstance(current().scope, Boosting):
        curves = DistantCurves(log, wire_of(log))
        call.replace(callbacks=[curves, *(call.argument("callbacks") or ())])
    yield


def _is_fit(call: Call) -> bool:
    return getattr(call.argument("func"), "__name__", "") == "_fit_async"


def _is_asynchronous(client: Any) -> bool:
    """Without a client the default one is used."""
    if client is None:
        from distributed import default_client

        client = default_client()  # type: ignore[no-untyped-call]
    return bool(client.asynchronous)
