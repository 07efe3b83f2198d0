"""Which running runs of a database store are stale: nothing is heard of who runs them.

A process on this machine can be looked for. A run that comes in from elsewhere is stale
when nothing came for a while. Of others, which a server or another machine writes,
nobody here can tell, and what is known of them stays.
"""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ..events import Header
from ..index.schema import files, runs
from ..log import now
from ..survey import SILENT, is_alive
from .engine import Database
from .schema import arrivals

_RUNNING: sa.Select[Any] = (
    sa.select(runs.c.file, runs.c.stale, files.c.writer, files.c.host, files.c.pid, files.c.born)
    .add_columns(arrivals.c.seen)
    .join_from(runs, files, runs.c.file == files.c.id)
    .outerjoin(arrivals, arrivals.c.file == files.c.id)
    .where(runs.c.status == "RUNNING")
    .distinct()
)


def refresh(database: Database) -> None:
    """Bring what the tables say of running runs up to date."""
    here = files.c.host == os.uname().nodename
    wanted = _RUNNING.where(sa.or_(here, arrivals.c.seen.is_not(None)))
    rows = database.read(lambda connection: connection.execute(wanted).all())
    changes: dict[bool, list[int]] = defaultdict(list)
    for row in rows:
        if row.stale != _is_stale(row):
            changes[not row.stale].append(row.file)
    if changes:
        database.write(lambda connection: _note(connection, changes))


def _is_stale(row: sa.Row[Any]) -> bool:
    if row.seen is not None:
        return now() - int(row.seen) > SILENT * 1000
    return not is_alive(Header(1, row.writer, row.host, row.pid, row.born, 0), Path())


def _note(connection: sa.Connection, changes: dict[bool, list[int]]) -> None:
    for stale, its in changes.items():
        for file in its:
            mine = runs.c.status == "RUNNING", runs.c.file == file
            connection.execute(runs.update().where(*mine).values(stale=stale))
