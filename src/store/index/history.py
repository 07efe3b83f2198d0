"""The whole history of a metric, out of its chunks."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable
from itertools import accumulate, groupby
from typing import Any

import sqlalchemy as sa

from ..base import Last
from ..points import Points
from .chunks import Facts, progression, steps
from .schema import chunks, metrics, runs
from .statements import select_in

_COLUMNS = (chunks.c.file, chunks.c.length, chunks.c.facts, chunks.c.steps, chunks.c.times, chunks.c.numbers)


def latest(connection: sa.Connection, ids: Iterable[str]) -> dict[str, dict[str, Last]]:
    """The last point of each metric, by run and key; runs go by the ids that users know."""
    select = sa.select(runs.c.run_id, metrics.c.key, metrics.c.last, metrics.c.step, metrics.c.time)
    found: dict[str, dict[str, Last]] = {}
    for row in select_in(
        connection, select.join_from(metrics, runs, metrics.c.run == runs.c.id), runs.c.run_id, ids
    ):
        value = math.nan if row.last is None else row.last
        found.setdefault(row.run_id, {})[row.key] = Last(value, row.step, row.time)
    return found


def points(connection: sa.Connection, run: int, key: str) -> Points:
    """Every point of a metric, in the order logged; several files' points by their times."""
    select = sa.select(metrics).where(metrics.c.run == run, metrics.c.key == key)
    row = connection.execute(select).one_or_none()
    if row is None:
        return Points(array("q"), array("q"), array("d"))
    if row._mapping["count"] == 1:
        value = math.nan if row.last is None else row.last
        return Points(array("q", [row.step]), array("q", [row.time]), array("d", [value]))
    mine = (chunks.c.run == run, chunks.c.key == key)
    wanted = sa.select(*_COLUMNS).where(*mine).order_by(chunks.c.file, chunks.c.number)
    rows: Iterable[Any] = connection.execute(wanted)
    files = [_joined(list(group)) for _, group in groupby(rows, key=lambda row: row.file)]
    return files[0] if len(files) == 1 else _merged(files)


def _joined(rows: list[Any]) -> Points:
    times = array("q", b"".join(row.times for row in rows))
    return Points(_steps(rows), times, array("d", b"".join(row.numbers for row in rows)))


def _steps(rows: Iterable[Any]) -> array[int]:
    """The steps of all rows; a progression that goes on from row to row is made in one piece."""
    column = array("q")
    first = stride = count = 0
    for row in rows:
        facts = Facts.unpack(row.facts)
        if facts.regular and count and (facts.first_step, facts.stride) == (first + stride * count, stride):
            count += row.length
            continue
        column.frombytes(progression(first, stride, count))
        count = 0
        if facts.regular:
            first, stride, count = facts.first_step, facts.stride, row.length
        else:
            column.frombytes(steps(facts, row.length, row.steps))
    column.frombytes(progression(first, stride, count))
    return column


def _merged(files: list[Points]) -> Points:
    """Points of several files by time; within a file its own order stays."""
    times = [when for file in files for when in accumulate(file.time, max)]
    order = sorted(range(len(times)), key=times.__getitem__)
    step, time, value = array("q"), array("q"), array("d")
    for file in files:
        step += file.step
        time += file.time
        value += file.value
    return Points(
        array("q", [step[i] for i in order]),
        array("q", [time[i] for i in order]),
        array("d", [value[i] for i in order]),
    )
