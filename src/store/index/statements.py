"""SQL that several parts of the index need, the same on every database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

_T = TypeVar("_T")
_MANY = 500  # values in one IN (…): long enough to be quick, short enough for every database


def slices(values: Iterable[_T]) -> Iterator[list[_T]]:
    """``values`` in lists short enough for one IN (…)."""
    rest = iter(values)
    while part := list(islice(rest, _MANY)):
        yield part


def select_in(
    connection: sa.Connection, select: sa.Select[Any], column: sa.ColumnElement[Any], values: Iterable[Any]
) -> Iterator[sa.Row[Any]]:
    """The rows of ``select`` whose ``column`` is one of ``values``."""
    for part in slices(values):
        yield from connection.execute(select.where(column.in_(part)))


def upsert(
    connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]], *, newer: str | None = None
) -> None:
    """Insert rows or replace those with the same key; with ``newer`` only older ones by that column."""
    if not rows:
        return
    insert = dialect_insert(connection, table)
    rest = {c.name: insert.excluded[c.name] for c in table.c if not c.primary_key}
    newest = None if newer is None else insert.excluded[newer] >= table.c[newer]
    keys = list(table.primary_key.columns)
    if rest:
        insert = insert.on_conflict_do_update(index_elements=keys, set_=rest, where=newest)
    else:
        insert = insert.on_conflict_do_nothing(index_elements=keys)
    connection.execute(insert, rows)


def dialect_insert(connection: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT."""
    return (postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert)(table)


def next_id(connection: sa.Connection, table: sa.Table) -> int:
    """A number above all that ``table`` has; good for as long as the transaction keeps others out."""
    return int(connection.scalar(sa.select(sa.func.max(table.c.id))) or 0) + 1
