"""The database that holds an index: where it is, how it is opened, when it is rebuilt."""

from __future__ import annotations

import fcntl
import hashlib
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from ..files import cache_folder
from ..folder import OWN_FOLDER
from .schema import VERSION, about, metadata

_FORMAT = f"{VERSION}-{sys.byteorder}"
_PATIENCE = 60  # seconds to wait while another process indexes
_CORRUPT = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def location(root: Path, *, inside: bool = True) -> Path | None:
    """The file for the index of the store in ``root``; None where there can be none.

    ``inside`` the store itself, when its file system can be written and locks; else in
    the user's cache folder.
    """
    if not root.is_dir():
        return None
    folders = (root / OWN_FOLDER, _cache(root)) if inside else (_cache(root),)
    return next((folder / "index.sqlite" for folder in folders if _locks(folder)), None)


def _cache(root: Path) -> Path:
    return cache_folder() / hashlib.blake2b(os.fsencode(root.resolve()), digest_size=8).hexdigest()


def _locks(folder: Path) -> bool:
    """Whether files in ``folder`` can be made and locked the way SQLite locks them."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / "lock", "ab") as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True  # somebody holds it, so it locks
    except OSError:
        return False
    return True


def open_engine(path: Path | None) -> sa.Engine:
    """A database with the tables of this version; in memory without a ``path``."""
    engine = _connect(path)
    try:
        with writing(engine) as connection:
            _make_tables(connection)
    except sa.exc.DBAPIError as error:
        engine.dispose()
        if path is None or not is_corrupt(error):
            raise
        discard(path)
        return open_engine(path)
    return engine


def _connect(path: Path | None) -> sa.Engine:
    arguments: dict[str, Any] = {"check_same_thread": False, "timeout": _PATIENCE}
    if path is None:
        engine = sa.create_engine("sqlite://", connect_args=arguments, poolclass=StaticPool)
    else:
        engine = sa.create_engine(f"sqlite:///{path}", connect_args=arguments)
    sa.event.listen(engine, "connect", _on_connect)
    sa.event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None  # we say when a transaction begins, not the driver
    # A killed process cannot harm a database that the kernel still writes out; after a
    # power cut the index may be broken, and is built again.
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA temp_store=MEMORY")
    connection.execute("PRAGMA cache_size=-65536")


def _on_begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("autolog_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """One transaction that keeps other indexers out from its beginning to its end."""
    with engine.connect().execution_options(autolog_writes=True) as connection, connection.begin():
        yield connection


def _make_tables(connection: sa.Connection) -> None:
    """Empty tables, unless those of this version are there."""
    tables = sa.inspect(connection)
    if tables.has_table("about"):
        if connection.scalar(sa.select(about.c.value).where(about.c.key == "format")) == _FORMAT:
            return
        old = sa.MetaData()
        old.reflect(connection)
        old.drop_all(connection)
    metadata.create_all(connection)
    connection.execute(about.insert(), {"key": "format", "value": _FORMAT})


def is_corrupt(error: sa.exc.DBAPIError) -> bool:
    """Whether the database file itself is broken."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _CORRUPT


def is_full(error: sa.exc.DBAPIError) -> bool:
    """Whether the disk that the database is on is full."""
    return getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


def discard(path: Path) -> None:
    """Delete an index; what it held is in the log."""
    for name in (path.name, f"{path.name}-journal"):
        path.with_name(name).unlink(missing_ok=True)
