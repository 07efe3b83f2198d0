"""Runs as Parquet tables, for pandas, polars, DuckDB and Spark.

``runs``, ``params``, ``metrics`` (every point), ``tags`` and ``inputs``, each a file, all
joined by ``run_id``. Written a piece at a time: a million points need not fit in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from .export import Step

if TYPE_CHECKING:
    from .base import RunData, Store
    from .events import Scalar

_AT_ONCE = 1000  # runs in one row group
_POINTS_AT_ONCE = 1_000_000


class MissingPyarrow(ImportError):
    """Parquet needs a package that is not installed."""


def to_parquet(store: Store, runs: Iterable[RunData], folder: Path, step: Step) -> None:
    """Fill ``folder`` with the tables. Raises MissingPyarrow."""
    schemas = _schemas()
    from pyarrow import parquet

    with ExitStack() as stack:
        writers = {
            name: stack.enter_context(parquet.ParquetWriter(folder / f"{name}.parquet", schema))
            for name, schema in schemas.items()
        }
        waiting = iter(runs)
        while some := list(islice(waiting, _AT_ONCE)):
            for name, columns in _tables(some).items():
                writers[name].write_table(_table(columns, schemas[name]))
            _write_points(store, some, writers["metrics"], schemas["metrics"], step)


def _schemas() -> Mapping[str, Any]:
    try:
        import pyarrow as pa
    except ImportError:
        raise MissingPyarrow("Parquet needs pyarrow: pip install 'autolog-ml[parquet]'") from None
    text, time = pa.string(), pa.timestamp("ms", tz="UTC")
    run = ("run_id", text)
    return {
        "runs": pa.schema(
            [
                run,
                ("name", text),
                ("experiment", text),
                ("status", text),
                ("stale", pa.bool_()),
                ("parent_id", text),
                ("start_time", time),
                ("end_time", time),
                ("error", text),
            ]
        ),
        "params": pa.schema([run, ("key", text), ("value", text), ("type", text), ("number", pa.float64())]),
        "metrics": pa.schema(
            [run, ("key", text), ("step", pa.int64()), ("time", time), ("value", pa.float64())]
        ),
        "tags": pa.schema([run, ("key", text), ("value", text)]),
        "inputs": pa.schema([run, ("name", text), ("digest", text), ("context", text), ("facts", text)]),
    }


def _tables(runs: Iterable[RunData]) -> Mapping[str, list[tuple[Any, ...]]]:
    """The rows of all tables but the points."""
    runs = list(runs)
    return {
        "runs": [
            (r.id, r.name, r.experiment, r.status, r.stale, r.parent_id, r.start_time, r.end_time, r.error)
            for r in runs
        ],
        "params": [(r.id, key, *_param(value)) for r in runs for key, value in r.params.items()],
        "tags": [(r.id, key, value) for r in runs for key, value in r.tags.items()],
        "inputs": [
            (r.id, i.name, i.digest, i.context, msgspec.json.encode(i.facts).decode())
            for r in runs
            for i in r.inputs
        ],
    }


def _param(value: Scalar) -> tuple[str | None, str, float | None]:
    """Text, type and, of a number, the number: ``("0.1", "float", 0.1)``."""
    if value is None:
        return None, "none", None
    number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    return str(value), type(value).__name__, number


def _table(rows: list[tuple[Any, ...]], schema: Any) -> Any:
    import pyarrow as pa

    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)], schema=schema
    )


def _write_points(store: Store, runs: Iterable[RunData], writer: Any, schema: Any, step: Step) -> None:
    """Small histories together, since each call makes a row group of its own."""
    import pyarrow as pa

    batches: list[Any] = []
    for run in runs:
        batches += (_points(store, run.id, key, schema) for key in run.metrics)
        if sum(map(len, batches)) >= _POINTS_AT_ONCE:
            writer.write_table(pa.Table.from_batches(batches, schema))
            batches = []
        step()
    writer.write_table(pa.Table.from_batches(batches, schema))


def _points(store: Store, id: str, key: str, schema: Any) -> Any:
    """The columns as they are: no Python object for any point."""
    import pyarrow as pa

    points = store.points(id, key)
    count = len(points)
    columns = [
        pa.repeat(id, count),
        pa.repeat(key, count),
        *(
            pa.Array.from_buffers(schema.field(name).type, count, [None, pa.py_buffer(column)])
            for name, column in (("step", points.step), ("time", points.time), ("value", points.value))
        ),
    ]
    return pa.record_batch(columns, schema=schema)
