"""Runs as tables: a pandas DataFrame, and HTML for notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from .runs import Run

_MOST_ROWS = 30  # of a table in a notebook
_MOST_METRICS = 8


def frame(runs: Sequence[Run]) -> pd.DataFrame:
    """One row a run: what it is, then ``params.*``, ``metrics.*`` and ``tags.*`` by name."""
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError("to_pandas() needs pandas: pip install 'autolog-ml[pandas]'") from error
    columns: dict[str, Any] = {
        "run_id": [run.id for run in runs],
        "name": [run.name for run in runs],
        "experiment": [run.experiment for run in runs],
        "status": [run.status for run in runs],
        "parent_id": [run.parent_id for run in runs],
        "start_time": pd.Series([run.start_time for run in runs], dtype="datetime64[ms, UTC]"),
        "end_time": pd.Series([run.end_time for run in runs], dtype="datetime64[ms, UTC]"),
        **_columns("params", [run.params for run in runs]),
        **_columns("metrics", [run.metrics for run in runs]),
        **_columns("tags", [run.tags for run in runs]),
    }
    return pd.DataFrame(columns)


def _columns(kind: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """A column for each key that any row has; None where one lacks it."""
    keys = sorted({key for row in rows for key in row})
    columns: dict[str, list[Any]] = {key: [None] * len(rows) for key in keys}
    for number, row in enumerate(rows):
        for key, value in row.items():
            columns[key][number] = value
    return {f"{kind}.{key}": values for key, values in columns.items()}


def run_html(run: Run) -> str:
    facts: dict[str, Any] = {"experiment": run.experiment, "status": _status(run), "started": run.start_time}
    if run.error:
        facts["error"] = run.error
    facts |= {f"params.{key}": value for key, value in run.params.items()}
    facts |= {f"metrics.{key}": value for key, value in run.metrics.items()}
    return f"<b>{escape(run.name)}</b> <code>{escape(run.id)}</code>{_table(facts.items())}"


def runs_html(runs: Sequence[Run]) -> str:
    shown = runs[:_MOST_ROWS]
    metrics = sorted({key for run in shown for key in run.metrics})[:_MOST_METRICS]
    rows: list[Sequence[Any]] = [("id", "name", "experiment", "status", "started", *metrics)]
    rows += [
        (run.id, run.name, run.experiment, _status(run), run.start_time, *map(run.metrics.get, metrics))
        for run in shown
    ]
    more = f"<p>… and {len(runs) - len(shown):,} more</p>" if len(runs) > len(shown) else ""
    return _table(rows) + more


def _status(run: Run) -> str:
    return "stale" if run.stale else run.status


def _table(rows: Iterable[Sequence[Any]]) -> str:
    cells = ("".join(f"<td>{escape(_cell(value))}</td>" for value in row) for row in rows)
    return "<table>" + "".join(f"<tr>{row}</tr>" for row in cells) + "</table>"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
