"""Runs of a server in tables like those of a store's index, so that questions mean the same there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

import sqlalchemy as sa

from ..base import RunData
from ..events import Input
from ..index.batch import Batch, Begun, Place, RunChange, Standing
from ..index.chunks import Series
from ..index.database import open_engine, writing
from ..index.schema import experiments as experiment_table
from ..index.tables import write
from ..wire import tracking as wire
from .runs import Seen

_T = TypeVar("_T")


class Tables:
    """A database in memory. `read` asks it."""

    def __init__(self, experiments: Iterable[wire.Experiment]) -> None:
        self._engine = open_engine(None)
        rows = [_experiment_row(number, one) for number, one in enumerate(experiments, 1)]
        self._ids = {str(row["name"]): str(row["folder"]) for row in rows}
        with writing(self._engine) as connection:
            if rows:
                connection.execute(experiment_table.insert(), rows)

    def add(self, runs: Iterable[Seen]) -> None:
        """Those that come first stand before others that began at the same time."""
        batch = Batch()
        for seen in reversed(list(runs)):
            self._take(batch, seen)
        with writing(self._engine) as connection:
            write(connection, batch)

    def read(self, function: Callable[[sa.Connection], _T]) -> _T:
        with self._engine.connect() as connection, connection.begin():
            return function(connection)

    def close(self) -> None:
        self._engine.dispose()

    def _take(self, batch: Batch, seen: Seen) -> None:
        run = seen.data
        batch.runs[run.id] = _change(run, f"{self._ids[run.experiment]}/{run.id}")
        batch.params |= {(run.id, key): (0, value) for key, value in run.params.items()}
        batch.tags |= {(run.id, key): (0, text) for key, text in run.tags.items()}
        for one in run.inputs:
            event = Input(0, 0, one.name, one.digest, one.context, dict(one.facts))
            batch.inputs[run.id, one.name, one.digest, one.context] = event
        for key, last in seen.latest.items():
            series = Series()
            series.extend([last.step], [last.time], [last.value])
            batch.series[run.id, key] = {0: series}


def _experiment_row(number: int, one: wire.Experiment) -> Mapping[str, object]:
    id, deleted = one.experiment_id, one.lifecycle_stage == "deleted"
    return {"id": number, "experiment_id": id, "folder": id, "name": one.name, "deleted": deleted}


def _change(run: RunData, folder: str) -> RunChange:
    start = run.start_time or 0
    return RunChange(
        Place(folder, 0),
        start,
        Begun(start, run.parent_id, run.name, run.kind, 0),
        Standing(run.end_time or start, run.status, run.error, 0),
        None,
        (0, run.deleted),
    )
