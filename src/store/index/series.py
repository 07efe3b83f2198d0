"""Metric points into the tables: one row a metric, and chunks of a few thousand points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import sqlalchemy as sa

from .batch import Batch, Void
from .chunks import SIZE, Facts, Series, decode, encode, sum_up
from .schema import chunks, metrics, rewinds
from .statements import select_in, upsert

_Metric = tuple[int, str]
_BLOBS = (chunks.c.length, chunks.c.facts, chunks.c.steps, chunks.c.times, chunks.c.numbers)


_COLUMNS = ("count", "last", "step", "time", "file", "low", "high")


class Last(NamedTuple):
    """A metric's row in `metrics` so far; its fields in the order of ``_COLUMNS``."""

    points: int = 0
    value: float | None = None
    step: int = 0
    time: int = 0
    file: int = 0
    low: float | None = None
    high: float | None = None


@dataclass
class _Stored:
    """What the tables know of the metrics that a batch adds to.

    ``ends`` are the numbers of the last chunks of each file, ``open`` those not full yet.
    """

    metrics: dict[_Metric, Last] = field(default_factory=dict)
    ends: dict[tuple[int, str, int], int] = field(default_factory=dict)
    open: dict[tuple[int, str, int], Series] = field(default_factory=dict)
    voids: dict[_Metric, list[Void]] = field(default_factory=dict)


def write_series(connection: sa.Connection, batch: Batch, runs: Mapping[str, int], fresh: set[int]) -> None:
    """Add the batch's points to the tables; ``fresh`` runs have nothing there yet."""
    touched = [(runs[run], key) for run, key in {**batch.series, **batch.voids} if run in runs]
    stored = _stored(connection, [metric for metric in touched if metric[0] not in fresh])
    new = {(runs[run], key): files for (run, key), files in batch.series.items() if run in runs}
    voids = {(runs[run], key): found for (run, key), found in batch.voids.items() if run in runs}
    for metric, found in voids.items():
        new[metric] = _rewind(connection, metric, found, new.get(metric, {}), stored)
    _write(connection, new, stored)
    upsert(connection, rewinds, [_row(m, **v._asdict()) for m, found in voids.items() for v in found])


def _row(metric: _Metric, **columns: Any) -> dict[str, Any]:
    return {"run": metric[0], "key": metric[1], **columns}


def _stored(connection: sa.Connection, touched: list[_Metric]) -> _Stored:
    stored = _Stored()
    runs = {run for run, _ in touched}
    keys = {key for _, key in touched}
    for row in _of(connection, metrics, [metrics], runs, keys):
        stored.metrics[row.run, row.key] = Last(*(row._mapping[name] for name in _COLUMNS))
    name = (chunks.c.run, chunks.c.key, chunks.c.file)
    for row in _of(connection, chunks, [*name, sa.func.max(chunks.c.number).label("end")], runs, keys, name):
        stored.ends[row.run, row.key, row.file] = row.end
    for row in _of(connection, chunks, [*name, *_BLOBS], runs, keys, where=chunks.c.length < SIZE):
        stored.open[row.run, row.key, row.file] = decode(row)
    for row in _of(connection, rewinds, [rewinds], runs, keys):
        stored.voids.setdefault((row.run, row.key), []).append(Void(row.file, row.step, row.time))
    return stored


def _of(
    connection: sa.Connection,
    table: sa.Table,
    columns: list[Any],
    runs: set[int],
    keys: set[str],
    group: Iterable[Any] = (),
    where: Any = None,
) -> Iterable[sa.Row[Any]]:
    """Rows of these runs; of these metrics alone when they are few."""
    select = sa.select(*columns).group_by(*group)
    if where is not None:
        select = select.where(where)
    if len(keys) <= 100:
        select = select.where(table.c.key.in_(sorted(keys)))
    return select_in(connection, select, table.c.run, sorted(runs))


def _write(connection: sa.Connection, new: Mapping[_Metric, dict[int, Series]], stored: _Stored) -> None:
    rows: list[dict[str, Any]] = []
    lasts: list[dict[str, Any]] = []
    for metric, files in new.items():
        old = stored.metrics.get(metric, Last())
        files = _valid(files, stored.voids.get(metric, ()))
        last = old
        for file, series in files.items():
            last = _later(last, file, series)
        if last.points == 0:
            continue
        if last.points > 1:
            for file, series in _with_single(files, old).items():
                for row, facts in _chunks(metric, file, series, stored):
                    rows.append(row)
                    last = _wider(last, facts)
        else:
            last = last._replace(low=last.value, high=last.value)
        lasts.append(_row(metric, **dict(zip(_COLUMNS, last, strict=True))))
    upsert(connection, chunks, rows)
    upsert(connection, metrics, lasts)


def _valid(files: dict[int, Series], voids: Iterable[Void]) -> dict[int, Series]:
    """New points without those that a rewind indexed earlier made void."""
    for void in voids:
        files = {f: s if f == void.file else s.without(void.step, void.time) for f, s in files.items()}
    return {file: series for file, series in files.items() if len(series)}


def _later(last: Last, file: int, series: Series) -> Last:
    """``last`` after more points of a file. Within a file its order counts, between files the time."""
    count = last.points + len(series)
    time = series.times[-1]
    if last.points and file != last.file and time < last.time:
        return last._replace(points=count)
    value = series.values[-1]
    return last._replace(
        points=count, value=None if value != value else value, step=series.steps[-1], time=time, file=file
    )


def _with_single(files: dict[int, Series], old: Last) -> dict[int, Series]:
    """The new points, and ahead of them the metric's only one so far, which has no chunk."""
    if old.points != 1:
        return files
    first = Series()
    value = float("nan") if old.value is None else old.value
    first.extend([old.step], [old.time], [value])
    if old.file in files:
        more = files[old.file]
        first.extend(more.steps, more.times, more.values)
    return {**files, old.file: first}


def _chunks(
    metric: _Metric, file: int, series: Series, stored: _Stored
) -> Iterable[tuple[dict[str, Any], Facts]]:
    """The rows for more points of a file; the first continues a chunk that is not full."""
    name = (*metric, file)
    number = stored.ends.get(name, -1) + 1
    if name in stored.open:
        number -= 1
        whole = stored.open[name]
        whole.extend(series.steps, series.times, series.values)
        series = whole
    for start in range(0, len(series), SIZE):
        chunk = series.part(start)
        facts = sum_up(chunk)
        yield _row(metric, file=file, number=number, **encode(chunk, facts)), facts
        number += 1


def _wider(last: Last, facts: Facts) -> Last:
    if not facts.valid:
        return last
    low = facts.low if last.low is None else min(last.low, facts.low)
    return last._replace(low=low, high=facts.high if last.high is None else max(last.high, facts.high))


def _rewind(
    connection: sa.Connection, metric: _Metric, voids: list[Void], new: dict[int, Series], stored: _Stored
) -> dict[int, Series]:
    """Take a metric's points out of the tables; returns those that still count, and the new ones."""
    files = _taken_out(connection, metric, stored)
    for void in voids:
        for file, series in files.items():
            same = file == void.file  # then all that is stored came before it
            files[file] = series.before(void.step) if same else series.without(void.step, void.time)
    for file, series in _valid(new, voids).items():
        files.setdefault(file, Series()).extend(series.steps, series.times, series.values)
    return {file: series for file, series in files.items() if len(series)}


def _taken_out(connection: sa.Connection, metric: _Metric, stored: _Stored) -> dict[int, Series]:
    run, key = metric
    files = _with_single({}, stored.metrics.pop(metric, Last()))
    mine = (chunks.c.run == run, chunks.c.key == key)
    for row in connection.execute(sa.select(chunks.c.file, *_BLOBS).where(*mine).order_by(chunks.c.number)):
        points = decode(row)
        files.setdefault(row.file, Series()).extend(points.steps, points.times, points.values)
    connection.execute(chunks.delete().where(*mine))
    connection.execute(metrics.delete().where(metrics.c.run == run, metrics.c.key == key))
    for file in files:
        stored.ends.pop((run, key, file), None)
        stored.open.pop((run, key, file), None)
    return files
