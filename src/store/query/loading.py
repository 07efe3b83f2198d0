"""Rows as `RunData`: a page of runs, whatever its length, in five statements."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from ..base import Input, RunData
from ..index.schema import experiments, inputs, metrics, params, runs, tags
from . import dialect

_Values = Mapping[int, Mapping[str, Any]]  # by runs.id, then by key


def selected() -> sa.Select[Any]:
    """The rows that `whole` expects: the fields of `RunData` in their order, after the id."""
    columns = (
        runs.c.id,
        runs.c.run_id,
        runs.c.name,
        experiments.c.name.label("experiment"),
        runs.c.status,
        runs.c.stale,
        runs.c.parent,
        runs.c.start_time,
        runs.c.end_time,
        runs.c.error,
        runs.c.kind,
        (runs.c.deleted | experiments.c.deleted).label("deleted"),
    )
    return sa.select(*columns).join_from(runs, experiments)


def whole(connection: sa.Connection, rows: Sequence[sa.Row[Any]]) -> list[RunData]:
    """The runs of these rows, in their order, with all that was logged."""
    if not rows:
        return []
    ids = [row.id for row in rows]
    readers = (_params, _metrics, _tags, _inputs)
    by_table: list[Mapping[int, Any]] = [read(connection, ids) for read in readers]
    found = ([*row[1:10], *(table[row.id] for table in by_table), row.kind, row.deleted] for row in rows)
    return [RunData(*values) for values in found]


def _rows(connection: sa.Connection, columns: Sequence[sa.Column[Any]], ids: Sequence[int]) -> list[Any]:
    statement = sa.select(*columns).where(dialect.among(columns[0], ids)).order_by(columns[0])
    with connection.execute(statement) as result:
        return list(dialect.fetched(connection, result))


def _by_key(rows: Iterable[tuple[int, str, Any]]) -> _Values:
    values: dict[int, dict[str, Any]] = defaultdict(dict)
    for run, key, value in rows:
        values[run][key] = value
    return values


def _params(connection: sa.Connection, ids: Sequence[int]) -> _Values:
    rows = _rows(connection, (params.c.run, params.c.key, params.c.value), ids)
    scalars = msgspec.json.decode(f"[{','.join(row[2] for row in rows)}]")  # one decoding for all
    return _by_key([(row[0], row[1], scalar) for row, scalar in zip(rows, scalars, strict=True)])


def _tags(connection: sa.Connection, ids: Sequence[int]) -> _Values:
    return _by_key(_rows(connection, (tags.c.run, tags.c.key, tags.c.value), ids))


def _metrics(connection: sa.Connection, ids: Sequence[int]) -> _Values:
    rows = _rows(connection, (metrics.c.run, metrics.c.key, metrics.c.last), ids)
    return _by_key([(run, key, math.nan if last is None else last) for run, key, last in rows])


def _inputs(connection: sa.Connection, ids: Sequence[int]) -> Mapping[int, Sequence[Input]]:
    columns = (inputs.c.run, inputs.c.name, inputs.c.digest, inputs.c.context, inputs.c.facts)
    found: dict[int, list[Input]] = defaultdict(list)
    for run, name, digest, context, facts in _rows(connection, columns, ids):
        found[run].append(Input(name, digest, context, msgspec.json.decode(facts)))
    return found
