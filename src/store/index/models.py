"""The models that runs logged: those of a run, and one by its id."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa

from ..base import LoggedModel
from ..errors import ModelNotFound, RunNotFound
from .schema import models, runs

_ROWS: sa.Select[Any] = sa.select(models, runs.c.run_id, runs.c.deleted).join_from(
    models, runs, models.c.run == runs.c.id
)


def of_run(connection: sa.Connection, run: int) -> list[LoggedModel]:
    """Those of a run, which goes by its number here, in the order of their paths."""
    return [
        _model(row) for row in connection.execute(_ROWS.where(models.c.run == run).order_by(models.c.path))
    ]


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
