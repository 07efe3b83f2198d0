"""Runs as files for other programs: JSON Lines, or a folder of Parquet tables.

What goes out is what `search` and `points` give. Artifacts are not part of it: they are
files already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any

import msgspec

from .events import wire_number

if TYPE_CHECKING:
    from .base import RunData, Store

Step = Callable[[], object]
"""Called after each run that has gone out."""


def record(run: RunData) -> dict[str, Any]:
    """A run as plain JSON values: times in ISO 8601 (UTC), NaN and the infinities as texts."""
    return {
        "run_id": run.id,
        "name": run.name,
        "experiment": run.experiment,
        "status": run.status,
        "stale": run.stale,
        "parent_id": run.parent_id,
        "start_time": iso(run.start_time),
        "end_time": iso(run.end_time),
        "error": run.error,
        "params": dict(run.params),
        "metrics": {key: wire_number(value) for key, value in run.metrics.items()},
        "tags": dict(run.tags),
        "inputs": [
            {"name": i.name, "digest": i.digest, "context": i.context, "facts": i.facts} for i in run.inputs
        ],
    }


def iso(time: int | None) -> str | None:
    """Milliseconds since the epoch as ``2026-11-23T07:15:00.123+00:00``."""
    if time is None:
        return None
    return datetime.fromtimestamp(time / 1000, UTC).isoformat(timespec="milliseconds")


def to_jsonl(store: Store, runs: Iterable[RunData], file: IO[bytes], step: Step) -> None:
    """An object a line for each run; ``history`` has three columns for each metric.

    The times of points are milliseconds since the epoch.
    """
    for run in runs:
        file.write(msgspec.json.encode(record(run) | {"history": _history(store, run)}) + b"\n")
        step()


def _history(store: Store, run: RunData) -> Mapping[str, Mapping[str, list[Any]]]:
    return {key: _columns(store, run.id, key) for key in run.metrics}


def _columns(store: Store, id: str, key: str) -> Mapping[str, list[Any]]:
    points = store.points(id, key)
    values = [wire_number(value) for value in points.value]
    return {"step": points.step.tolist(), "time": points.time.tolist(), "value": values}
