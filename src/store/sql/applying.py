"""The journal into the tables, before anybody reads.

One writer at a time takes rows out of the journal, applies them and commits both at once:
what was written is applied once, whoever is killed when.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Any

import sqlalchemy as sa

from ..decoding import decode_header, whole_lines
from ..index import tables
from ..index.batch import Batch
from ..index.ingest import bind, take_in
from ..index.schema import files
from ..index.statements import select_in
from .engine import Database, is_refusal
from .schema import arrivals, journal

_log = logging.getLogger(__name__)

_ROWS, _BYTES = 20_000, 1 << 25  # in one transaction: bounds its memory, and how long others wait

_UPDATED = ("offset", "damaged", "writer", "host", "pid", "born")

Piece = tuple[int, bytes]
"""Bytes that follow on a file's bytes so far; the file goes by its number."""


def has_news(connection: sa.Connection) -> bool:
    """Whether something was written that is not in the tables."""
    return connection.execute(sa.select(journal.c.id).limit(1)).first() is not None


def settle(database: Database) -> None:
    """Bring into the tables what was written until now."""
    more = database.read(has_news)
    while more:
        try:
            more = database.write(_apply)
        except (sa.exc.DBAPIError, ValueError, OverflowError) as error:
            if not is_refusal(error):
                raise
            _log.warning("the journal of %s is applied line by line: %s", database.uri, error)
            more = database.write(_apply_by_line)


def _apply(connection: sa.Connection) -> bool:
    pieces, more = _taken(connection)
    if pieces:
        _take_in(connection, pieces)
    return more


def _apply_by_line(connection: sa.Connection) -> bool:
    """A line that the database refuses counts as damaged and the rest is read."""
    pieces, more = _taken(connection)
    for file, data in pieces:
        for line in data.splitlines(keepends=True):
            try:
                with connection.begin_nested():
                    _take_in(connection, [(file, line)])
            except (sa.exc.DBAPIError, ValueError, OverflowError) as error:
                if not is_refusal(error):
                    raise
                _log.warning("a line of log file %d cannot be kept: %s", file, error)
                worse = {"damaged": files.c.damaged + 1, "offset": files.c.offset + len(line)}
                connection.execute(files.update().where(files.c.id == file).values(worse))
    return more


def _taken(connection: sa.Connection) -> tuple[list[Piece], bool]:
    """The oldest rows of the journal, which are no longer in it, and whether there may be more."""
    sizes = sa.select(journal.c.id, sa.func.length(journal.c.data)).order_by(journal.c.id).limit(_ROWS)
    last, total, count = 0, 0, 0
    for id, size in connection.execute(sizes).all():
        if total and total + size > _BYTES:
            break
        last, total, count = id, total + size, count + 1
    taken = journal.delete().where(journal.c.id <= last)
    rows = connection.execute(taken.returning(journal.c.id, journal.c.file, journal.c.data)).all()
    by_file: dict[int, list[bytes]] = {}
    for _, file, data in sorted(rows, key=lambda row: row[0]):
        by_file.setdefault(file, []).append(data)
    more = count == _ROWS or (total > 0 and has_news(connection))
    return [(file, b"".join(parts)) for file, parts in by_file.items()], more


def _take_in(connection: sa.Connection, pieces: Sequence[Piece]) -> None:
    numbers = [file for file, _ in pieces]
    rows = {
        row.id: dict(row._mapping) for row in select_in(connection, sa.select(files), files.c.id, numbers)
    }
    rests = _rests(connection, numbers)
    batch = Batch()
    bind(connection, batch, numbers)
    unfinished = {file: _read(rows[file], rests.get(file, b"") + data, batch) for file, data in pieces}
    tables.write(connection, batch)
    _note(connection, rows.values())
    for file, rest in unfinished.items():
        if rest != rests.get(file, b""):
            connection.execute(arrivals.update().where(arrivals.c.file == file).values(rest=rest))


def _rests(connection: sa.Connection, numbers: Iterable[int]) -> dict[int, bytes]:
    select = sa.select(arrivals.c.file, arrivals.c.rest)
    return {row.file: row.rest for row in select_in(connection, select, arrivals.c.file, numbers)}


def _read(row: dict[str, Any], data: bytes, batch: Batch) -> bytes:
    """Let the batch have what the lines say; returns the beginning of one that has not ended."""
    end = data.rfind(b"\n") + 1
    stream = BytesIO(data[:end])
    if row["offset"] == 0 and (header := decode_header(data[: data.find(b"\n") + 1])) is not None:
        row.update(writer=header.writer, host=header.host, pid=header.pid, born=header.born)
    for block in whole_lines(stream):
        take_in(block, row, batch)
    return data[end:]


def _note(connection: sa.Connection, rows: Iterable[dict[str, Any]]) -> None:
    update = files.update().where(files.c.id == sa.bindparam("number"))
    update = update.values({name: sa.bindparam(f"new_{name}") for name in _UPDATED})
    values = [{"number": row["id"], **{f"new_{name}": row[name] for name in _UPDATED}} for row in rows]
    connection.execute(update, values)
