"""The models that runs logged: those of a run, and one by its id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from ..base import LoggedModel
from ..errors import ModelNotFound, RunNotFound
from .schema import models, runs
from .statements import select_in

_ROWS: sa.Select[Any] = sa.select(models, runs.c.run_id, runs.c.kind, runs.c.deleted).join_from(
    models, runs, models.c.run == runs.c.id
)


def of_runs(connection: sa.Connection, found: Sequence[sa.Row[Any]]) -> list[LoggedModel]:
    """Those of runs, which go by their rows (id, run_id…), each in the order of their paths.

    Behind them what an MLflow client logged: models that are runs of their own, nested in them.
    """
    inside = select_in(connection, _ROWS, models.c.run, [row.id for row in found])
    logged = _ROWS.where(runs.c.kind == "model", sa.not_(runs.c.deleted))
    logged = logged.add_columns(runs.c.parent)
    nested = select_in(connection, logged, runs.c.parent, [row.run_id for row in found])
    by_run: dict[str, list[sa.Row[Any]]] = {}
    for row in inside:
        by_run.setdefault(row.run_id, []).append(row)
    for row in nested:
        by_run.setdefault(row.parent, []).append(row)
    return [_model(row) for one in found for row in sorted(by_run.get(one.run_id, ()), key=_place)]


def _place(row: sa.Row[Any]) -> tuple[bool, str, str]:
    return row.kind == "model", row.path, row.id


def by_id(connection: sa.Connection, id: str, store: str) -> LoggedModel:
    """The model with this id. Raises ModelNotFound, and RunNotFound when its run is deleted."""
    row = connection.execute(_ROWS.where(models.c.id == id)).first()
    if row is None:
        raise ModelNotFound(
            f"no run of {store} holds the model {id!r}: `autolog show RUN` lists those of a run"
        )
    if row.deleted:
        raise RunNotFound(
            f"the model {id!r} is of run {row.run_id}, which is deleted; `autolog restore` undoes that"
        )
    return _model(row)


def _model(row: sa.Row[Any]) -> LoggedModel:
    return LoggedModel(
        row.id, row.run_id, row.path, row.flavor, row.time, tuple(msgspec.json.decode(row.notes))
    )
