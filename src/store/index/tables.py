"""A batch into the tables: what is there and what is new become one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import sqlalchemy as sa

from ..events import Scalar
from .batch import Batch, RunChange
from .experiments import add_experiments
from .schema import artifacts, bindings, experiments, inputs, models, params, runs, tags
from .series import write_series
from .statements import next_id, select_in, upsert

_encode = msgspec.json.Encoder().encode
_LATEST = 2**63 - 1


def write(connection: sa.Connection, batch: Batch) -> None:
    """Apply everything in ``batch``, inside the caller's transaction."""
    old = {row.run_id: row for row in select_in(connection, sa.select(runs), runs.c.run_id, batch.runs)}
    for id in [id for id, row in old.items() if row.folder != batch.runs[id].place.folder]:
        del batch.runs[id]  # a copy of a run that another folder holds
    ids, fresh = _write_runs(connection, batch.runs, old)
    upsert(connection, bindings, [
        {"file": file, "number": number, "run": ids.get(batch.bindings[file, number] or "", 0)}
        for file, number in batch.bound
    ])  # fmt: skip
    _write_params(connection, batch, ids)
    _write_tags(connection, batch, ids)
    _write_files(connection, batch, ids)
    _write_models(connection, batch, ids)
    write_series(connection, batch, ids, fresh)


def _write_runs(
    connection: sa.Connection, changes: Mapping[str, RunChange], old: Mapping[str, sa.Row[Any]]
) -> tuple[dict[str, int], set[int]]:
    """The runs' numbers, and which of them are new."""
    folders = {change.place.folder for id, change in changes.items() if id not in old}
    experiment = _experiments(connection, {folder.partition("/")[0] for folder in folders})
    number = next_id(connection, runs)
    rows: list[dict[str, Any]] = []
    for id, change in changes.items():
        if id in old:
            row = dict(old[id]._mapping)
        else:
            row = _blank(number, id, change, experiment[change.place.folder.partition("/")[0]])
            number += 1
        rows.append(_changed(row, change))
    upsert(connection, runs, rows)
    ids = {row["run_id"]: row["id"] for row in rows}
    return ids, {ids[id] for id in changes if id not in old}


def _experiments(connection: sa.Connection, folders: Iterable[str]) -> dict[str, int]:
    """The numbers of experiments, by their folder."""
    select = sa.select(experiments.c.folder, experiments.c.id)
    known = {row.folder: row.id for row in select_in(connection, select, experiments.c.folder, folders)}
    new = sorted({*folders} - known.keys())
    add_experiments(connection, new)
    return known | {row.folder: row.id for row in select_in(connection, select, experiments.c.folder, new)}


def _blank(number: int, id: str, change: RunChange, experiment: int) -> dict[str, Any]:
    """A run of which no event has been applied yet."""
    return {
        "id": number,
        "run_id": id,
        "experiment": experiment,
        "parent": None,
        "folder": change.place.folder,
        "name": id,
        "kind": "run",
        "begun": False,
        "renamed": None,
        "status": "RUNNING",
        "status_time": None,
        "stale": False,
        "start_time": None,
        "end_time": None,
        "error": None,
        "file": change.place.file,
        "deleted": False,
        "deleted_time": None,
    }


def _changed(row: dict[str, Any], change: RunChange) -> dict[str, Any]:
    """``row`` after the change."""
    begun, standing = change.begun, change.standing
    if begun is not None and (not row["begun"] or begun.time < row["start_time"]):
        row |= {"start_time": begun.time, "parent": begun.parent, "kind": begun.kind, "begun": True}
        if row["renamed"] is None:
            row["name"] = begun.name or row["run_id"]
        if row["status_time"] is None:
            row["file"] = begun.file
    elif not row["begun"]:
        row["start_time"] = min(change.met, _LATEST if row["start_time"] is None else row["start_time"])
    if change.named is not None and change.named[0] >= (row["renamed"] or 0):
        row["renamed"], row["name"] = change.named
    if standing is not None and (row["status_time"] is None or standing.time >= row["status_time"]):
        ended = standing.status not in ("RUNNING", "SCHEDULED")
        row |= {"status": standing.status, "status_time": standing.time, "error": standing.error}
        row |= {"end_time": standing.time if ended else None, "file": standing.file, "stale": False}
    if change.deleted is not None and change.deleted[0] >= (row["deleted_time"] or 0):
        row["deleted_time"], row["deleted"] = change.deleted
    return row


def _write_params(connection: sa.Connection, batch: Batch, ids: Mapping[str, int]) -> None:
    rows = [
        {"run": ids[run], "key": key, "time": time, "value": _encode(value).decode(), **_readings(value)}
        for (run, key), (time, value) in batch.params.items()
        if run in ids
    ]
    upsert(connection, params, rows, newer="time")


def _readings(value: Scalar) -> dict[str, Any]:
    """What filters compare: the value as a text, and as a number where it reads as one."""
    return {"text": str(value), "number": None if isinstance(value, bool) else _number(str(value))}


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return None if number != number or "_" in text else number  # Python alone reads 1_000


def _write_tags(connection: sa.Connection, batch: Batch, ids: Mapping[str, int]) -> None:
    kept = [(ids[run], key, time, value) for (run, key), (time, value) in batch.tags.items() if run in ids]
    rows = [
        {"run": r, "key": k, "time": t, "value": v, "number": _number(v)}
        for r, k, t, v in kept
        if v is not None
    ]
    upsert(connection, tags, rows, newer="time")
    for run, key, time, value in kept:
        if value is None:
            connection.execute(tags.delete().where(tags.c.run == run, tags.c.key == key, tags.c.time <= time))


def _write_files(connection: sa.Connection, batch: Batch, ids: Mapping[str, int]) -> None:
    known = [(ids[run], path, size) for (run, path), size in batch.artifacts.items() if run in ids]
    _discard(connection, [(run, path) for run, path, size in known if size is None])
    upsert(connection, artifacts, [
        {"run": run, "path": path, "size": size} for run, path, size in known if size is not None
    ])  # fmt: skip
    upsert(connection, inputs, [
        {
            "run": ids[run],
            "name": event.name,
            "digest": event.digest,
            "context": event.context,
            "facts": _encode(event.facts).decode(),
        }
        for (run, *_), event in batch.inputs.items()
        if run in ids
    ])  # fmt: skip


def _discard(connection: sa.Connection, gone: Iterable[tuple[int, str]]) -> None:
    """What is gone, and for a folder all that was below it."""
    for run, path in gone:
        for table in (artifacts, models):
            below = table.c.path.between(f"{path}/", f"{path}0")  # "0" is what follows "/"
            connection.execute(table.delete().where(table.c.run == run, (table.c.path == path) | below))


def _write_models(connection: sa.Connection, batch: Batch, ids: Mapping[str, int]) -> None:
    rows = [
        {
            "run": ids[run],
            "path": path,
            "id": event.id,
            "flavor": event.flavor,
            "notes": _encode(event.notes).decode(),
            "time": time,
        }
        for (run, path), (time, event) in batch.models.items()
        if run in ids
    ]
    upsert(connection, models, rows, newer="time")
