"""Metrics and whole batches, as MLflow's clients send and ask for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from ..base import Store
from ..events import wire_number
from ..points import Points
from ..wire import tracking as wire
from ..wire.common import Nothing
from ..wire.endpoint import Endpoint
from .errors import invalid
from .model_metrics import about_models, log_to_models, not_said_before
from .paging import offset_of, page_size, token_for
from .routing import Handler
from .runs import checked_params, checked_tags, log_texts
from .validation import (
    MOST_ENTITIES,
    MOST_METRICS,
    MOST_TEXTS,
    check_batch,
    checked_key,
    checked_number,
    checked_step,
    checked_time,
    is_key,
    required,
    run_id,
)
from .writers import Point, active_or_not, writers

_MOST_RUNS = 100
_MOST_POINTS = 25_000
_MOST_SAMPLED = 2500
_MOST_AT_ONCE = 1 << 31


def log_metric(store: Store, asked: wire.LogMetric) -> Nothing:
    id = run_id(asked)
    key = checked_key(required(asked.key, "key"))
    point = (
        key,
        checked_step(asked.step),
        checked_time(asked.timestamp, "timestamp"),
        checked_number(asked.value, key),
    )
    metric = wire.Metric(
        key, model_id=asked.model_id, dataset_name=asked.dataset_name, dataset_digest=asked.dataset_digest
    )
    run, models = writers(store).active(id), about_models(store, id, [metric], [point])
    run.points(not_said_before(store, id, [metric], [point]))
    log_to_models(store, models)
    return Nothing()


def log_batch(store: Store, asked: wire.LogBatch) -> Nothing:
    """All of it or nothing: whatever is wrong is found before anything is written."""
    id = run_id(asked)
    check_batch(len(asked.metrics), MOST_METRICS, "metrics")
    check_batch(len(asked.params), MOST_TEXTS, "params")
    check_batch(len(asked.tags), MOST_TEXTS, "tags")
    count = len(asked.metrics) + len(asked.params) + len(asked.tags)
    check_batch(count, MOST_ENTITIES, "metrics, params, and tags")
    points = _points(asked.metrics)
    params = checked_params(asked.params, lambda index: f"params[{index}].key")
    tags = checked_tags(asked.tags, lambda index: f"tags[{index}].key")
    run, models = writers(store).active(id), about_models(store, id, asked.metrics, points)
    log_texts(store, id, params, tags)
    if points:
        run.points(not_said_before(store, id, asked.metrics, points))
        log_to_models(store, models)
    return Nothing()


def _points(metrics: Sequence[wire.Metric]) -> list[Point]:
    """The points of a batch; where all are plain, which is nearly always, without a look at each field."""
    if all(map(is_key, {metric.key for metric in metrics})):
        points = [(m.key, m.step or 0, m.timestamp, m.value) for m in metrics if _is_plain(m)]
        if len(points) == len(metrics):
            return points  # type: ignore[return-value]
    return [_point(index, metric) for index, metric in enumerate(metrics)]


def _is_plain(metric: wire.Metric) -> bool:
    value, time = metric.value, metric.timestamp
    return value.__class__ is float and isfinite(value) and time is not None and time >= 0


def _point(index: int, metric: wire.Metric) -> Point:
    path = f"metrics[{index}]"
    key = checked_key(metric.key, f"{path}.name")
    number = checked_number(metric.value, key, f"{path}.value")
    step = checked_step(metric.step, f"{path}.step")
    return key, step, checked_time(metric.timestamp, f"{path}.timestamp"), number


def get_history(store: Store, asked: wire.GetHistory) -> wire.History:
    key = required(asked.metric_key, "metric_key")
    offset, size = offset_of(asked.page_token), page_size(asked.max_results, _MOST_AT_ONCE, _MOST_AT_ONCE)
    points = store.points(active_or_not(store, run_id(asked)).id, key)
    token = token_for(offset + size) if offset + size < len(points) else ""
    return wire.History(_seen(key, points, range(offset, min(offset + size, len(points)))), token)


def get_histories(store: Store, asked: wire.GetHistories) -> wire.History:
    ids, key = _runs(asked.run_id, "run_id"), required(asked.metric_key, "metric_key")
    left = min(page_size(asked.max_results, _MOST_POINTS, _MOST_AT_ONCE), _MOST_POINTS)
    metrics: list[wire.Metric] = []
    for id in sorted(ids):
        points = store.points(active_or_not(store, id).id, key)
        metrics += _seen(key, points, range(min(len(points), left - len(metrics))), id)
    return wire.History(metrics)


def get_interval(store: Store, asked: wire.GetInterval) -> wire.History:
    """Of each run so many points between two steps, evenly chosen, with the first and the last."""
    ids, key = _runs(asked.run_ids, "run_ids"), required(asked.metric_key, "metric_key")
    size = page_size(asked.max_results, _MOST_SAMPLED, _MOST_SAMPLED)
    if (asked.start_step is None) != (asked.end_step is None):
        raise invalid("If either start step or end step are specified, both must be specified.")
    if asked.start_step is not None and asked.end_step is not None and asked.start_step > asked.end_step:
        raise invalid(
            "end_step must be greater than start_step. "
            f"Found start_step={asked.start_step} and end_step={asked.end_step}."
        )
    metrics: list[wire.Metric] = []
    for id in ids:
        points = store.points(active_or_not(store, id).id, key)
        metrics += _seen(key, points, _sampled(_between(points, asked.start_step, asked.end_step), size), id)
    return wire.History(metrics)


def _runs(ids: list[str], name: str) -> list[str]:
    required(ids, name)
    if len(ids) > _MOST_RUNS:
        raise invalid(f"at most {_MOST_RUNS} runs can be asked for at once; {name} holds {len(ids)}")
    return ids


def _between(points: Points, start: int | None, end: int | None) -> Sequence[int]:
    if start is None or end is None:
        return range(len(points))
    return [index for index, step in enumerate(points.step) if start <= step <= end]


def _sampled(indices: Sequence[int], size: int) -> Sequence[int]:
    if len(indices) <= size:
        return indices
    if size == 1:
        return indices[-1:]
    return [indices[number * (len(indices) - 1) // (size - 1)] for number in range(size)]


def _seen(key: str, points: Points, indices: Sequence[int], id: str | None = None) -> list[wire.Metric]:
    value, time, step = points.value, points.time, points.step
    return [wire.Metric(key, wire_number(value[i]), time[i], step[i], run_id=id) for i in indices]


HANDLERS: Mapping[Endpoint[Any, Any], Handler] = {
    wire.LOG_METRIC: log_metric,
    wire.LOG_BATCH: log_batch,
    wire.GET_HISTORY: get_history,
    wire.GET_HISTORIES: get_histories,
    wire.GET_INTERVAL: get_interval,
}
