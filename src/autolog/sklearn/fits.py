"""A fit of an estimator: what is recorded before, and what after."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from time import perf_counter
from typing import TYPE_CHECKING, Any

from ...flavors.streams import untouched
from ...tracking.active import active_settings
from ...tracking.contain import contained
from ...tracking.context import entered
from ..boosting import ModelScope
from ..warnings_ import Heard, heard
from . import attributes, searches, weights
from .curves import as_json
from .discretion import discreet, objection
from .eligible import is_model, last_step, model_inside, qualified, state_of
from .later import follow
from .params import params_of
from .rows import Data, data_of
from .training import training

if TYPE_CHECKING:
    from ..engine import Call
    from ..seen import Seen
    from ..sink import Log


def run_name(call: Call) -> str | None:
    """The run's name: the estimator's class. None for what makes no run."""
    cls = type(call.instance)
    wanted = active_settings().wants_estimator(qualified(cls), is_model(call.instance))
    return cls.__name__ if wanted else None


def record_fit(call: Call, log: Log) -> Generator[None, Any, None]:
    """Around ``fit``, ``fit_transform`` and ``fit_predict`` of the outermost estimator."""
    estimator, data = call.instance, data_of(call)
    params, seen = before(estimator, data, log)
    about = entered(scope=ModelScope.of(last_step(estimator)))
    with heard(log.id) as warned, about, searches.recorded(estimator, log):
        began = perf_counter()
        try:
            yield
        finally:
            seconds = perf_counter() - began
            keep_warnings(warned, log)
    with discreet(estimator, params):
        metrics = {"fit_time": seconds}
        with contained("computing training metrics"):
            metrics.update(_training(estimator, data, seconds, params, log))
        with contained("reading fitted attributes"):
            metrics.update(attributes.numbers(model_inside(estimator)))
        log.metrics(metrics)
        keep(estimator, log, seen)
    for fitted in (estimator, _model_of(estimator)):
        follow(fitted, log)


def before(estimator: Any, data: Data, log: Log) -> tuple[dict[str, Any], Seen | None]:
    """What is known before the fit, so that one that fails has it too.

    Returns the params, and what the model's signature needs of the data.
    """
    seen = None
    with untouched(state_of(estimator)):  # the user's properties and __repr__ may draw random numbers
        params, tags = params_of(estimator)
        with contained("recording params"):
            log.tags(tags)
            log.params(params)
        with contained("describing the data"):
            if data.n:
                log.input(data.X, data.y)
                seen = log.seen(data.X, ask=objection(params) is None)
    return params, seen


def keep(estimator: Any, log: Log, seen: Seen | None) -> None:
    """What the fitted estimator holds, and the model itself. To be called discreetly."""
    with contained("recording fitted attributes"):
        _log_state(estimator, log)
    model = _model_of(estimator)
    with contained("saving the model"):
        if model is not None:
            log.model(model, seen=seen)


def _model_of(estimator: Any) -> Any:
    """What is kept as the model: of a search its best estimator, which needs a refit."""
    return getattr(estimator, "best_estimator_", None) if searches.is_search(estimator) else estimator


def keep_warnings(warned: Heard, log: Log) -> None:
    with contained("keeping warnings"):
        if len(warned):
            log.tags({"autolog.warnings": len(warned)})
            log.text(warned.text(), "warnings.txt")


def _training(
    estimator: Any, data: Data, seconds: float, params: dict[str, Any], log: Log
) -> Mapping[str, float]:
    """The training metrics; their note and their pictures are logged here."""
    if not log.settings.wants("metrics", "training_score"):
        return {}
    found = training(estimator, data, seconds, params)
    log.tags({"autolog.training_metrics": found.note})
    for path, content in found.curves.items():
        log.text(as_json(content), path)
    return found.metrics


def _log_state(estimator: Any, log: Log) -> None:
    """Fitted attributes that are more than a number: names, tables, histories."""
    facts = attributes.facts(estimator)
    if facts:
        log.json(facts, "fitted.json")
    for name, values in attributes.histories(model_inside(estimator)).items():
        for step, value in enumerate(values):
            log.metrics({name: value}, step)
    for path, table in (
        ("feature_importances.json", weights.importances(estimator)),
        ("coefficients.json", weights.coefficients(estimator)),
    ):
        if table is not None:
            log.table(table, path)
