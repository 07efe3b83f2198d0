"""What became of runs that never said how they ended.

This is a reading, not part of the log: *stale* is a run that is RUNNING though its
process is gone. When the process left a traceback in its live file, a signal ended it,
and its runs read as KILLED.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ..events import Header
from ..folder import OWN_FOLDER
from ..survey import is_alive
from .database import writing
from .schema import files, runs

_RUNNING: sa.Select[Any] = (
    sa.select(runs.c.file, runs.c.stale, runs.c.folder)
    .add_columns(files.c.writer, files.c.host, files.c.pid, files.c.born)
    .outerjoin_from(runs, files, runs.c.file == files.c.id)
    .where(runs.c.status == "RUNNING")
    .distinct()
)


def refresh(engine: sa.Engine, root: Path) -> set[str]:
    """Bring what the index says of running runs up to date; returns the folders of those alive."""
    with engine.connect() as connection:
        rows = connection.execute(_RUNNING).all()
    live = root / OWN_FOLDER / "live"
    known = {row.writer: row for row in rows}
    readings = {writer: _reading(row, live) for writer, row in known.items()}
    changes = {row.file: readings[row.writer] for row in rows if readings[row.writer] != {"stale": row.stale}}
    if changes:
        with writing(engine) as connection:
            for file, reading in changes.items():
                mine = runs.c.status == "RUNNING", runs.c.file == file
                connection.execute(runs.update().where(*mine).values(**reading))
    return {row.folder for row in rows if readings[row.writer] == _ALIVE}


_ALIVE = {"stale": False}


def _reading(row: sa.Row[Any], live: Path) -> dict[str, Any]:
    """The columns of a running run, by what is to be seen of its process."""
    if row.writer is None:  # the file does not say whose it is
        return {"stale": True}
    if is_alive(Header(1, row.writer, row.host, row.pid, row.born, 0), live):
        return _ALIVE
    ended = _stopped_by_signal(live / row.writer)
    if ended is None:
        return {"stale": True}
    error = f"SIGTERM: process {row.pid} on {row.host} was stopped by a signal"
    return {"stale": False, "status": "KILLED", "end_time": ended, "status_time": ended, "error": error}


def _stopped_by_signal(live_file: Path) -> int | None:
    """When (in ms) a signal made a process write its traceback; None if none did."""
    try:
        if len(live_file.read_bytes().splitlines()) > 1:
            return int(live_file.stat().st_mtime * 1000)
    except OSError:
        pass
    return None
