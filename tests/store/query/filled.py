"""An index in memory that holds given runs, without any log."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from autolog.store.base import Input, RunData
from autolog.store.index import schema


def run_data(id: str, **changes: Any) -> RunData:
    """A finished run of the experiment "e"; ``changes`` are fields of `RunData`."""
    fields: dict[str, Any] = {
        "name": id,
        "experiment": "e",
        "status": "FINISHED",
        "stale": False,
        "parent_id": None,
        "start_time": 1_000,
        "end_time": 2_000,
        "error": None,
        "inputs": [],
    }
    return RunData(id=id, **(fields | changes))


@contextmanager
def index_of(runs: Sequence[RunData], deleted: Collection[str] = ()) -> Iterator[sa.Connection]:
    """A connection to an index of these runs; ``deleted`` are ids."""
    engine = sa.create_engine("sqlite://")
    schema.metadata.create_all(engine, checkfirst=False)
    try:
        with engine.connect() as connection:
            fill(connection, runs, deleted)
            yield connection
    finally:
        engine.dispose()


def fill(connection: sa.Connection, runs: Sequence[RunData], deleted: Collection[str] = ()) -> None:
    experiments = {name: id for id, name in enumerate(sorted({run.experiment for run in runs}), 1)}
    _insert(
        connection,
        schema.experiments,
        [
            {"id": id, "experiment_id": str(id), "folder": name, "name": name}
            for name, id in experiments.items()
        ],
    )
    for id, run in enumerate(runs, 1):
        row = {
            "id": id,
            "run_id": run.id,
            "experiment": experiments[run.experiment],
            "parent": run.parent_id,
            "folder": f"e/{id}",
            "deleted": run.id in deleted,
        }
        same = ("name", "status", "stale", "start_time", "end_time", "error")
        _insert(connection, schema.runs, [row | {name: getattr(run, name) for name in same}])
        _insert(connection, schema.params, [_param(id, *item) for item in run.params.items()])
        _insert(connection, schema.tags, [_tag(id, *item) for item in run.tags.items()])
        _insert(connection, schema.metrics, [_metric(id, *item) for item in run.metrics.items()])
        _insert(connection, schema.inputs, [_input(id, data) for data in run.inputs])


def _insert(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        connection.execute(table.insert(), rows)


def _param(run: int, key: str, value: Any) -> dict[str, Any]:
    number = read_number(value)
    return {"run": run, "key": key, "value": json.dumps(value), "text": str(value), "number": number}


def _tag(run: int, key: str, value: str) -> dict[str, Any]:
    return {"run": run, "key": key, "value": value, "number": read_number(value)}


def _metric(run: int, key: str, value: float) -> dict[str, Any]:
    last = None if math.isnan(value) else value
    return {"run": run, "key": key, "last": last, "step": 0, "time": 0, "count": 1, "low": last, "high": last}


def _input(run: int, data: Input) -> dict[str, Any]:
    facts = json.dumps(data.facts)
    return {"run": run, "name": data.name, "digest": data.digest, "context": data.context, "facts": facts}


def read_number(value: Any) -> float | None:
    """What a logged value is as a number."""
    if isinstance(value, bool) or value is None or "_" in str(value):
        return None
    try:
        number = float(str(value))
    except ValueError:
        return None
    return None if math.isnan(number) else number
