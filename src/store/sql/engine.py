"""Connections to the database of a store: reading, and writing that keeps other writers out.

    database.read(lambda connection: connection.scalar(…))
    database.write(lambda connection: connection.execute(…))

What is given is called once more when the database had to give it up: it may run again.
"""

from __future__ import annotations

import math
import os
import random
import sqlite3
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any, TypeVar

import sqlalchemy as sa

from ..errors import NotAStore, StoreUnavailable

_T = TypeVar("_T")
Work = Callable[[sa.Connection], _T]

_PATIENCE = 60  # seconds to wait for other writers of a SQLite file
_ATTEMPTS = 8
_REST = 1.0  # seconds
_LOCK = 0x6175746F6C6F67  # "autolog"; advisory locks go by a number
_NAMED = 1  # and those with a name by two
# PostgreSQL: serialization, deadlock, lock not available; shut down, crashed, not up yet.
_AGAIN = ("40001", "40P01", "55P03", "57P01", "57P02", "57P03")
_REFUSED = ("22", "54")  # PostgreSQL's classes of errors: data, limits
_EXCLUSIVE = "autolog_exclusive"
_BEGIN = "autolog_begin"


class Database:
    """A database that any number of threads and processes use at once.

    Every method raises StoreUnavailable when the database cannot be used.
    """

    def __init__(self, address: str) -> None:
        self.url = database_url(address)
        self.uri = shown(self.url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _engine(self.url)
        self._one_state: dict[str, Any] = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        weakref.finalize(self, self.engine.dispose)  # connections are closed, not left to the collector
        _databases.add(self)

    def read(self, function: Work[_T]) -> _T:
        """What ``function`` reads, all of it from one state of the database."""
        return self._attempt(lambda: self._transaction(function, self._one_state))

    def append(self, function: Work[_T]) -> _T:
        """What ``function`` returns; what it wrote is kept then. Others append at the same time."""
        return self._attempt(lambda: self._transaction(function, {_BEGIN: "BEGIN IMMEDIATE"}))

    def write(self, function: Work[_T]) -> _T:
        """As `append`, but nobody else is inside a `write` from beginning to end."""
        options = {_BEGIN: "BEGIN IMMEDIATE", _EXCLUSIVE: True}
        return self._attempt(lambda: self._transaction(function, options))

    def insert(self, table: str, **values: Any) -> None:
        """One row, which is kept when this returns: one way to the server and back.

        This is how points are logged, so the driver is asked itself: SQLAlchemy takes longer
        for it than SQLite.
        """
        self._attempt(lambda: self._insert(table, values))

    @contextmanager
    def locked(self, name: str) -> Iterator[bool]:
        """Others who ask for this name wait until the end, on any machine. Says whether there may be such.

        A SQLite file is the database of one machine, where programs have locks of their own.
        """
        if self.is_sqlite:
            yield False
            return
        with closing(self._attempt(lambda: self._holding(name))):
            yield True

    def _holding(self, name: str) -> sa.Connection:
        """A connection that holds the lock of this name until it is closed."""
        connection = self.engine.connect()
        try:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_NAMED, sa.func.hashtext(name))))
        except BaseException:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        self.engine.dispose()

    def _transaction(self, function: Work[_T], options: dict[str, Any]) -> _T:
        with self.engine.connect().execution_options(**options) as connection, connection.begin():
            return function(connection)

    def _insert(self, table: str, values: dict[str, Any]) -> None:
        mark = "?" if self.is_sqlite else "%s"
        statement = f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join([mark] * len(values))})"
        pooled = self.engine.raw_connection()
        connection: Any = pooled.driver_connection
        try:
            if self.is_sqlite:  # every statement is a transaction, unless one was begun
                connection.execute(statement, tuple(values.values()))
            else:
                connection.autocommit = True
                connection.execute(statement, tuple(values.values()), prepare=True)
                connection.autocommit = False
        except BaseException:
            pooled.invalidate()  # whatever state it is in
            raise
        pooled.close()

    def _attempt(self, function: Callable[[], _T]) -> _T:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return function()
            except (sa.exc.DBAPIError, self.engine.dialect.loaded_dbapi.Error) as error:
                if not is_passing(error) or attempt == _ATTEMPTS:
                    raise self._unavailable(error) from error
            except sa.exc.TimeoutError as error:
                raise StoreUnavailable(f"{self.uri} is too busy: {error}") from error
            time.sleep(random.SystemRandom().uniform(0, 0.01 * 2**attempt))
        raise AssertionError("unreachable")

    def _unavailable(self, error: Exception) -> Exception:
        """What the caller is told; an error of ours is passed on as it is."""
        if getattr(_cause(error), "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
            return NotAStore(f"{self.url.database} is no SQLite database")
        kinds = {kind.__name__ for kind in type(error).__mro__}
        if kinds & {"OperationalError", "InterfaceError"} and not is_refusal(error):
            return StoreUnavailable(f"{self.uri} cannot be used: {_cause(error)}")
        return error


def database_url(address: str) -> sa.URL:
    """The URL that SQLAlchemy knows for a store's address. Raises NotAStore."""
    try:
        url = sa.make_url(address)
    except (sa.exc.ArgumentError, ValueError):
        raise NotAStore("the address of the database cannot be read: " + _FORMS) from None
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "postgresql+psycopg") or not url.database:
        raise NotAStore("no database store has this address: " + _FORMS)
    if url.drivername == "sqlite":
        url = url.set(database=os.path.abspath(url.database))
    return url.difference_update_query(["artifacts"])


def place_of_artifacts(address: str) -> str | None:
    """Where the address says that the files of runs are: ``?artifacts=…``."""
    place = sa.make_url(address).query.get("artifacts")
    return place if isinstance(place, str) else None


_FORMS = "write sqlite:///path.db, sqlite:////absolute/path.db or postgresql://user@host/database"


def shown(url: sa.URL) -> str:
    """The address as users know it, without the password."""
    return url.set(drivername=url.get_backend_name()).render_as_string(hide_password=True)


def is_passing(error: Exception) -> bool:
    """Whether the same may work when it is tried again: others were in the way."""
    if getattr(_cause(error), "sqlstate", None) in _AGAIN:
        return True
    code = getattr(_cause(error), "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return _is_cut(error)


def _is_cut(error: Exception) -> bool:
    """Whether a connection broke that was there; one that cannot be had is another matter."""
    if isinstance(error, sa.exc.DBAPIError):
        return error.connection_invalidated
    return type(error).__name__ == "OperationalError" and getattr(error, "sqlstate", "") is None


def is_refusal(error: Exception) -> bool:
    """Whether it is the data that the database does not take, today or tomorrow."""
    if isinstance(error, sa.exc.DBAPIError):
        refused = (getattr(_cause(error), "sqlstate", None) or "")[:2] in _REFUSED
        return refused or isinstance(error, sa.exc.DataError)
    return isinstance(error, ValueError | OverflowError)


def _cause(error: Exception) -> Any:
    """The driver's error."""
    return error.orig if isinstance(error, sa.exc.DBAPIError) else error


def _engine(url: sa.URL) -> sa.Engine:
    if url.get_backend_name() == "sqlite":
        engine = sa.create_engine(url, connect_args={"check_same_thread": False, "timeout": _PATIENCE})
        sa.event.listen(engine, "connect", _on_sqlite)
        sa.event.listen(engine, "begin", _begin_on_sqlite)
        return engine
    try:
        engine = sa.create_engine(
            url, isolation_level="READ COMMITTED", pool_size=10, max_overflow=20, pool_use_lifo=True
        )
    except ModuleNotFoundError as error:
        raise NotAStore(
            "a store on PostgreSQL needs psycopg: pip install 'autolog-ml[postgresql]'"
        ) from error
    sa.event.listen(engine, "begin", _begin_on_postgresql)
    sa.event.listen(engine, "checkin", _after_use)
    sa.event.listen(engine, "checkout", _before_use)
    return engine


def _on_sqlite(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None  # we say when a transaction begins, not the driver
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")  # kept when a process dies; a power cut may take the last
    connection.execute("PRAGMA temp_store=MEMORY")
    connection.execute("PRAGMA cache_size=-65536")


def _begin_on_sqlite(connection: sa.Connection) -> None:
    begin = connection.get_execution_options().get(_BEGIN, "BEGIN")
    if begin:
        connection.exec_driver_sql(begin)


def _begin_on_postgresql(connection: sa.Connection) -> None:
    if connection.get_execution_options().get(_EXCLUSIVE):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")


def _after_use(_: Any, record: Any) -> None:
    record.info["used"] = time.monotonic()


def _before_use(connection: Any, record: Any, _: object) -> None:
    """Whether the server is still there is asked after a rest only: it costs a way there and back."""
    if time.monotonic() - record.info.get("used", math.inf) < _REST:
        return
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except connection.Error as error:
        raise sa.exc.DisconnectionError from error


_databases: weakref.WeakSet[Database] = weakref.WeakSet()


def _after_fork() -> None:
    for database in list(_databases):
        database.engine.dispose(close=False)  # the connections are the parent's


os.register_at_fork(after_in_child=_after_fork)
