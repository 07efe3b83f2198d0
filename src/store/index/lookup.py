"""Finding a run by what a user types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from ..errors import RunNotFound
from .schema import experiments, runs
from .statements import select_in

_SHORTEST = 4  # characters of a beginning that is taken for an id

_COLUMNS: sa.Select[Any] = sa.select(
    runs.c.id,
    runs.c.run_id,
    runs.c.folder,
    (runs.c.deleted | experiments.c.deleted).label("deleted"),
    sa.case((experiments.c.deleted, experiments.c.name)).label("deleted_with"),
).join_from(runs, experiments)


def lookup(connection: sa.Connection, id: str, store: str) -> sa.Row[Any]:
    """The row (id, run_id, folder, deleted, deleted_with) of a run, by its id or a beginning only it has.

    Raises RunNotFound, which names the run and the ``store``.
    """
    row = connection.execute(_COLUMNS.where(runs.c.run_id == id)).one_or_none()
    if row is not None:
        return row
    found: Sequence[sa.Row[Any]] = ()
    if len(id) >= _SHORTEST:
        begins = runs.c.run_id.between(id, f"{id}\x7f")  # ids are ASCII
        found = connection.execute(_COLUMNS.where(begins).order_by(runs.c.run_id).limit(3)).all()
    elif id:
        raise RunNotFound(f"{id!r} is too short for a run: use {_SHORTEST} characters of its id or more")
    if not found:
        raise RunNotFound(f"there is no run {id!r} in {store}: no id begins like that")
    if len(found) > 1:
        some = ", ".join(row.run_id for row in found)
        raise RunNotFound(f"several runs begin with {id!r} in {store}: {some}; use more of the id")
    return found[0]


def folder_of(connection: sa.Connection, id: str) -> str | None:
    """The folder of the run that has exactly this id, if the tables know it."""
    return connection.scalar(sa.select(runs.c.folder).where(runs.c.run_id == id))


def is_deleted(row: sa.Row[Any], store: str) -> RunNotFound:
    """The error for a run that was found and is deleted, or whose experiment is."""
    if row.deleted_with is not None:
        undo = f" with its experiment {row.deleted_with!r}; `store.experiments.restore(id)` undoes that"
    else:
        undo = "; `autolog restore` undoes that"
    return RunNotFound(f"run {row.run_id} of {store} is deleted{undo}")


def lookup_all(connection: sa.Connection, ids: Sequence[str], store: str) -> list[sa.Row[Any]]:
    """`lookup` for many, in the order of ``ids``."""
    known = {row.run_id: row for row in select_in(connection, _COLUMNS, runs.c.run_id, ids)}
    return [known.get(id) or lookup(connection, id, store) for id in ids]
