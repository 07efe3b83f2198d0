"""The picture of a metric: what to read for it, and from which level of the pyramid.

A run with few points a bucket is read point by point. Of one with many, nodes are read:
a node belongs where its first point does, which is wrong by a fraction of a bucket at
most. Chunks across the picture's ends, and those whose x goes back, are read point by
point in any case; so every point in the range counts exactly once and no spike is lost.
"""

from __future__ import annotations

import math
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa

from ..points import Buckets
from .binning import Samples, binned, edges
from .chunks import COARSE, FINE, Facts, steps, unpack_level
from .lookup import lookup_all
from .schema import chunks, metrics
from .statements import select_in

X = Literal["step", "time"]

_ENOUGH = 16  # nodes a bucket, on average, for their level to be fine enough

_NAME = (chunks.c.run, chunks.c.file, chunks.c.number)
_COUNTED = sa.select(*_NAME, chunks.c.length, chunks.c.facts)


class _Chunk(NamedTuple):
    """Where a chunk lies on the axis; ``rises``: its x never goes back."""

    run: int
    file: int
    number: int
    length: int
    low: int
    high: int
    rises: bool


def buckets(
    connection: sa.Connection,
    store: str,
    ids: Sequence[str],
    key: str,
    n: int,
    x: X = "step",
    start: float | None = None,
    end: float | None = None,
) -> Buckets:
    """See `Store.buckets`. Raises RunNotFound, and ValueError for a range that is none."""
    if n < 1 or x not in ("step", "time"):
        raise ValueError(f"buckets needs n >= 1 and x 'step' or 'time', not n={n!r}, x={x!r}")
    rows = lookup_all(connection, ids, store)
    found = _chunks(connection, {row.id for row in rows}, key, x)
    singles = _singles(connection, {row.id for row in rows}, key, x)
    start, end = _range(found, singles, start, end)
    borders = edges(start, end, n)
    samples = _samples(connection, found, key, n, x, start, end)
    for run, point in singles.items():
        samples[run].add_points(*point)
    return Buckets(key, borders, [binned(row.run_id, samples[row.id], borders) for row in rows])


def _chunks(connection: sa.Connection, runs: set[int], key: str, x: X) -> list[_Chunk]:
    found = []
    for row in select_in(connection, _COUNTED.where(chunks.c.key == key), chunks.c.run, sorted(runs)):
        facts = Facts.unpack(row.facts)
        if x == "step":
            place = (facts.low_step, facts.high_step, facts.steps_rise)
        else:
            place = (facts.low_time, facts.high_time, facts.times_rise)
        found.append(_Chunk(row.run, row.file, row.number, row.length, *place))
    return found


def _singles(connection: sa.Connection, runs: set[int], key: str, x: X) -> dict[int, tuple[bytes, bytes]]:
    """The x and the value of metrics with one point, which have no chunk."""
    select = sa.select(metrics).where(metrics.c.key == key, metrics.c.count == 1)
    return {
        row.run: (
            array("q", [row.step if x == "step" else row.time]).tobytes(),
            array("d", [math.nan if row.last is None else row.last]).tobytes(),
        )
        for row in select_in(connection, select, metrics.c.run, sorted(runs))
    }


def _range(
    found: list[_Chunk],
    singles: dict[int, tuple[bytes, bytes]],
    start: float | None,
    end: float | None,
) -> tuple[float, float]:
    """The axis: as asked for, else all there is."""
    points = [array("q", x)[0] for x, _ in singles.values()]
    if start is None:
        start = min([chunk.low for chunk in found] + points, default=0 if end is None else end)
    if end is None:
        end = max([chunk.high for chunk in found] + points, default=start)
        end = max(end, start)
    if not (math.isfinite(start) and math.isfinite(end) and start <= end):
        raise ValueError(f"buckets needs a start that is not after the end, not start={start!r}, end={end!r}")
    return float(start), float(end)


def _samples(
    connection: sa.Connection, found: list[_Chunk], key: str, n: int, x: X, start: float, end: float
) -> defaultdict[int, Samples]:
    inside = [chunk for chunk in found if chunk.high >= start and chunk.low <= end]
    points: defaultdict[int, int] = defaultdict(int)
    for chunk in inside:
        points[chunk.run] += chunk.length
    levels: defaultdict[int, list[_Chunk]] = defaultdict(list)
    for chunk in inside:
        whole = start <= chunk.low and chunk.high <= end and chunk.rises and chunk.length >= COARSE
        levels[_width(points[chunk.run] / n) if whole else 1].append(chunk)
    samples: defaultdict[int, Samples] = defaultdict(Samples.none)
    total = len(found)
    for width, wanted in levels.items():
        for row in _rows(connection, key, _columns(width, x), wanted, found if len(wanted) < total else None):
            _add(samples[row.run], row, width, x)
    return samples


def _width(points_a_bucket: float) -> int:
    """How many points a node of the coarsest level that will do stands for."""
    return next((width for width in (COARSE, FINE) if points_a_bucket >= _ENOUGH * width), 1)


def _columns(width: int, x: X) -> tuple[Any, ...]:
    if width == COARSE:
        return (chunks.c.coarse.label("nodes"),)
    if width == FINE:
        return (chunks.c.fine.label("nodes"),)
    own = (chunks.c.facts, chunks.c.steps) if x == "step" else (chunks.c.times,)
    return (chunks.c.length, chunks.c.numbers, *own)


def _add(samples: Samples, row: sa.Row[Any], width: int, x: X) -> None:
    if width > 1:
        low, high, total, valid, step, time = unpack_level(row.nodes)
        samples.add(step if x == "step" else time, low, high, total, valid)
    elif x == "time":
        samples.add_points(row.times, row.numbers)
    else:
        samples.add_points(steps(Facts.unpack(row.facts), row.length, row.steps), row.numbers)


def _rows(
    connection: sa.Connection, key: str, columns: Iterable[Any], wanted: list[_Chunk], of: list[_Chunk] | None
) -> Iterator[sa.Row[Any]]:
    """The wanted chunks; those of a run that is wanted as a whole together, which is faster."""
    select = sa.select(chunks.c.run, *columns).where(chunks.c.key == key)
    missing = {chunk.run for chunk in set(of or ()) - set(wanted)}
    whole = sorted({chunk.run for chunk in wanted} - missing)
    yield from select_in(connection, select, chunks.c.run, whole)
    one = select.where(*(column == sa.bindparam(f"its_{column.name}") for column in _NAME))
    for chunk in wanted:
        if chunk.run in missing:
            name = {"its_run": chunk.run, "its_file": chunk.file, "its_number": chunk.number}
            yield from connection.execute(one, name)
