"""Catching up with the log: new bytes of its files into the tables.

What was read of a file is noted in the transaction that applies it, and no two indexers
are in such a transaction at once; so an event is applied once, whoever is killed when.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

import sqlalchemy as sa

from ..decoding import decode_block, decode_header, whole_lines
from ..events import VERSION
from . import tables
from .batch import Batch, Place
from .database import writing
from .schema import artifacts, bindings, chunks, files, inputs, metrics, models, params, rewinds, runs, tags
from .statements import next_id, select_in, upsert

_ENOUGH = 1_000_000  # items in one transaction: bounds its memory, and how long others wait
_TAIL = 256

_OF_A_RUN = (params, tags, metrics, chunks, rewinds, inputs, models, artifacts)


def catch_up(engine: sa.Engine, root: Path, changed: Iterable[str], gone: Iterable[str]) -> None:
    """Apply what is new in the ``changed`` files, and forget the run folders that are ``gone``.

    Paths are relative to ``root``, with ``/``.
    """
    with writing(engine) as connection:
        again = forget(connection, root, gone)
        todo = _apply(connection, root, {*changed, *again})
    while todo:
        with writing(engine) as connection:
            todo = _apply(connection, root, todo)


def forget(connection: sa.Connection, root: Path, folders: Iterable[str]) -> set[str]:
    """Remove all that came from these run folders; returns the files to be read (again).

    Those are what is left in the folders, and copies of their runs in other folders.
    """
    again: set[str] = set()
    for folder in folders:
        _forget(connection, folder)
        again.update(log_files(root, folder))
    if again or folders:
        again.update(_forget_copies(connection, root))
    return again


def _forget(connection: sa.Connection, folder: str) -> None:
    mine = sa.select(runs.c.id).where(runs.c.folder == folder).scalar_subquery()
    read = files.c.path.between(f"{folder}/", f"{folder}0")  # "0" is what follows "/"
    for table in _OF_A_RUN:
        connection.execute(table.delete().where(table.c.run.in_(mine)))
    connection.execute(runs.delete().where(runs.c.folder == folder))
    its = sa.select(files.c.id).where(read).scalar_subquery()
    connection.execute(bindings.delete().where(bindings.c.file.in_(its)))
    connection.execute(files.delete().where(read))


def _forget_copies(connection: sa.Connection, root: Path) -> set[str]:
    """Folders with a copy of a run: the original may be gone now, so they are read anew."""
    copies = sa.select(files.c.path).join(bindings, bindings.c.file == files.c.id).where(bindings.c.run == 0)
    folders = {path.rpartition("/")[0] for path in connection.scalars(copies)}
    for folder in folders:
        _forget(connection, folder)
    return {file for folder in folders for file in log_files(root, folder)}


def log_files(root: Path, folder: str) -> list[str]:
    """The log files of a run folder, as paths relative to ``root``."""
    try:
        names = os.listdir(root / folder)
    except OSError:
        return []
    return [f"{folder}/{name}" for name in names if is_log(name)]


def is_log(name: str) -> bool:
    return name.startswith("events-") and name.endswith(".jsonl")


def _apply(connection: sa.Connection, root: Path, todo: Iterable[str]) -> list[str]:
    """Read files until it is enough for one transaction; returns those that are left."""
    todo = sorted(todo)
    known = _known(connection, todo)
    broken = {path.rpartition("/")[0] for path, row in known.items() if not _continues(root / path, row)}
    if broken:
        todo = sorted({*todo, *forget(connection, root, broken)})
        known = _known(connection, todo)
    batch, number = Batch(), next_id(connection, files)
    bind(connection, batch, [row["id"] for row in known.values()])
    rows = [known.get(path) or _new(path, id) for id, path in enumerate(todo, number)]
    unfinished = next((i for i, row in enumerate(rows) if _read(root, row, batch)), len(rows))
    tables.write(connection, batch)
    upsert(connection, files, rows[: unfinished + 1])
    return todo[unfinished:]


def _known(connection: sa.Connection, paths: list[str]) -> dict[str, dict[str, Any]]:
    rows = select_in(connection, sa.select(files), files.c.path, paths)
    return {row.path: dict(row._mapping) for row in rows}


def _new(path: str, number: int) -> dict[str, Any]:
    nobody = {"writer": None, "host": None, "pid": None, "born": None}
    return {"id": number, "path": path, "offset": 0, "inode": 0, "tail": 0, **nobody, "damaged": 0}


def bind(connection: sa.Connection, batch: Batch, ids: list[int]) -> None:
    """Let the batch know what numbers stand for in files that were read before."""
    select = sa.select(bindings.c.file, bindings.c.number, runs.c.run_id)
    select = select.outerjoin_from(bindings, runs, bindings.c.run == runs.c.id)
    for row in select_in(connection, select, bindings.c.file, ids):
        batch.bindings[row.file, row.number] = row.run_id


def _continues(path: Path, row: dict[str, Any]) -> bool:
    """Whether a file is what was read of it, and perhaps more.

    Its inode does not tell: rsync gives the same content another one, and a file system gives a new
    file that of one that was just removed.
    """
    try:
        with open(path, "rb") as file:
            longer = os.fstat(file.fileno()).st_size >= int(row["offset"])
            return longer and _tail(file, row["offset"]) == row["tail"]
    except FileNotFoundError:
        return False


def _tail(file: BinaryIO, offset: int) -> int:
    """A checksum of the bytes just before ``offset``."""
    start = max(0, offset - _TAIL)
    return zlib.crc32(os.pread(file.fileno(), offset - start, start))


def _read(root: Path, row: dict[str, Any], batch: Batch) -> bool:
    """Take in what is new in a file and note it in its row; true when the batch is full."""
    try:
        with open(root / row["path"], "rb") as file:
            row["inode"] = os.fstat(file.fileno()).st_ino
            more = _read_lines(file, row, batch) if row["offset"] or _read_header(file, row) else False
            row["tail"] = _tail(file, row["offset"])
    except FileNotFoundError:
        return False  # the next look finds out
    return more


def _read_header(file: BinaryIO, row: dict[str, Any]) -> bool:
    """Note who writes the file; false if it cannot be read, now or by this version."""
    line = file.readline()
    header = decode_header(line)
    if header is None:
        return line.endswith(b"\n")  # damaged: the lines are counted and read as any others
    if header.autolog > VERSION or not line.endswith(b"\n"):
        return False
    row.update(writer=header.writer, host=header.host, pid=header.pid, born=header.born, offset=len(line))
    return True


def _read_lines(file: BinaryIO, row: dict[str, Any], batch: Batch) -> bool:
    file.seek(row["offset"])
    for block in whole_lines(file):
        take_in(block, row, batch)
        if batch.size >= _ENOUGH:
            break
    return batch.size >= _ENOUGH


def take_in(block: bytes, row: dict[str, Any], batch: Batch) -> None:
    """Let the batch have whole lines of a file, and note in the file's row that it has."""
    items, damaged = decode_block(block)
    row["damaged"] += damaged + batch.add(items, Place(row["path"].rpartition("/")[0], row["id"]))
    row["offset"] += len(block)
