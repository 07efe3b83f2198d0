"""Metrics of runs that are about a logged model, and so the model's as well."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..base import RunWriter, Store
from ..events import Input, read_number
from ..log import now
from ..wire.tracking import Metric
from .logged_models import MEASURED, is_own_run
from .writers import Point, writers


class About(NamedTuple):
    """A model, and what a run logs of it."""

    writer: RunWriter
    run: str
    logged: list[tuple[Metric, Point]]


def about_models(store: Store, run: str, metrics: Iterable[Metric], points: Iterable[Point]) -> list[About]:
    """What models are to be told of these metrics. Raises Refused when there is no such model.

    One that lies in a run has that run's metrics, and needs to hear of none.
    """
    by_model: dict[str, list[tuple[Metric, Point]]] = {}
    for metric, point in zip(metrics, points, strict=True):
        if metric.model_id:
            by_model.setdefault(metric.model_id, []).append((metric, point))
    return [
        About(writers(store).active(id).writer, run, logged)
        for id, logged in by_model.items()
        if is_own_run(store, id)
    ]


def not_said_before(
    store: Store, run: str, metrics: Sequence[Metric], points: Sequence[Point]
) -> Sequence[Point]:
    """The points that the run does not have: clients send them again for each model that they are about."""
    about = [point for metric, point in zip(metrics, points, strict=True) if metric.model_id]
    if not about:
        return points
    known, new = _known(store, run, about), []
    for metric, point in zip(metrics, points, strict=True):
        if not metric.model_id or _name(point) not in known:
            new.append(point)
            known.add(_name(point))
    return new


def log_to_models(store: Store, models: Iterable[About]) -> None:
    """A value that was measured on a data set is also noted with that, one for each data set."""
    for writer, run, logged in models:
        points = [point for _, point in logged]
        known = _known(store, writer.id, points)
        new = [point for point in points if _name(point) not in known]
        if new:
            writer.points(new)
        writer.write(*(_measured(run, *one) for one in logged if one[0].dataset_name))


def _known(store: Store, run: str, points: Iterable[Point]) -> set[tuple[str, int, int, str]]:
    """The points of these times that the run has; a history may be long, and few of it are looked at."""
    times: dict[str, set[int]] = {}
    for key, _, time, _ in points:
        times.setdefault(key, set()).add(time)
    known = set()
    for key, wanted in times.items():
        history = store.points(run, key)
        found = [at for at, time in enumerate(history.time) if time in wanted]
        known |= {(key, history.step[at], history.time[at], repr(history.value[at])) for at in found}
    return known


def _name(point: Point) -> tuple[str, int, int, str]:
    """A point as one that can be looked up, which NaN itself cannot."""
    key, step, time, value = point
    return key, step, time, repr(read_number(value))


def _measured(run: str, metric: Metric, point: Point) -> Input:
    key, step, time, value = point
    facts = {"value": value, "step": step, "time": time, "run": run}
    return Input(0, now(), metric.dataset_name or "", metric.dataset_digest or "", MEASURED + key, facts)
