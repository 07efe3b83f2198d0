"""The index: tables that follow the log of a store, for whoever reads.

Everything in it comes from the log. It catches up before each reading, and is built
again when it is missing, broken, or of another version.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from .. import log
from ..errors import StoreUnavailable
from ..experiments.base import Experiment
from ..experiments.folder import FolderExperiments
from ..writer import open_folders
from . import experiments, ingest, liveness
from .database import discard, is_corrupt, is_full, location, open_engine
from .schema import files
from .watch import Watcher

_T = TypeVar("_T")


class Index:
    """The index of the store in a folder. Safe for use from any thread."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._experiments = FolderExperiments(root)
        self._forget_everything()
        _indexes.add(self)

    def _forget_everything(self) -> None:
        """As new. Also after a fork: a database connection must not cross it."""
        self._lock = threading.Lock()
        self._engine: sa.Engine | None = None
        self._path: Path | None = None
        self._inode: int | None = None
        self._lively: set[str] = set()
        self._followed: Mapping[str, Experiment] | None = None
        self._inside = True  # the store, as long as there is room

    @contextmanager
    def connection(self) -> Iterator[sa.Connection]:
        """A connection to read from, to tables that know all that is in the log by now.

        Raises StoreUnavailable.
        """
        log.write_late()
        try:
            with self._lock:
                engine = self._engine_up_to_date()
                if self._path is None:  # in memory there is one connection for all threads
                    with engine.connect() as connection:
                        yield connection
                    return
            with engine.connect() as connection:
                yield connection
        except sa.exc.OperationalError as error:
            raise StoreUnavailable(f"the index of {self._root} cannot be used: {error.orig}") from error

    def read(self, function: Callable[[sa.Connection], _T]) -> _T:
        """What ``function`` reads from a connection; a broken index is built again first."""
        try:
            with self.connection() as connection:
                return function(connection)
        except sa.exc.DatabaseError as error:
            if not is_corrupt(error):
                raise
        self._rebuild()
        with self.connection() as connection:
            return function(connection)

    def glance(self, function: Callable[[sa.Connection], _T]) -> _T | None:
        """What ``function`` reads from tables as they are; None unless something was read before."""
        with self._lock:
            if self._engine is None or self._inode != _inode(self._path):
                return None
            with suppress(sa.exc.DatabaseError), self._engine.connect() as connection:
                return function(connection)
        return None

    def _rebuild(self) -> None:
        with self._lock:
            self._close()
            if self._path is not None:
                discard(self._path)

    def _engine_up_to_date(self) -> sa.Engine:
        try:
            return self._catch_up()
        except sa.exc.OperationalError as error:
            if not (self._inside and is_full(error)):
                raise
        self._inside = False
        return self._catch_up()

    def _catch_up(self) -> sa.Engine:
        engine = self._engine
        if engine is None or self._inode != _inode(self._path):
            self._close()
            engine = self._open()
        own = {folder.relative_to(self._root).as_posix() for folder in open_folders(self._root)}
        try:
            news = self._watcher.look(self._lively | own)
            if news.changed or news.gone:
                ingest.catch_up(engine, self._root, news.changed, news.gone)
            self._follow_experiments(engine)
            self._lively = liveness.refresh(engine, self._root)
        except BaseException:
            self._close()  # what the watcher saw is not in the tables
            raise
        return engine

    def _follow_experiments(self, engine: sa.Engine) -> None:
        """Afterwards the runs that were just read have the names of their experiments, too."""
        known = self._experiments.known()
        if known is not self._followed:
            experiments.follow(engine, known)
            self._followed = known

    def _open(self) -> sa.Engine:
        self._path = location(self._root, inside=self._inside)
        self._engine = engine = open_engine(self._path)
        self._inode = _inode(self._path)
        self._followed = None
        with engine.connect() as connection:
            rows = connection.execute(sa.select(files.c.path, files.c.offset, files.c.inode))
            self._watcher = Watcher(self._root, (tuple(row) for row in rows))
        return engine

    def _close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
        self._engine = None


_indexes: weakref.WeakSet[Index] = weakref.WeakSet()


def _inode(path: Path | None) -> int | None:
    """Which file an index is; another one after it was deleted."""
    try:
        return None if path is None else os.stat(path).st_ino
    except OSError:
        return -1


def _after_fork() -> None:
    for index in list(_indexes):
        if index._engine is not None:
            index._engine.dispose(close=False)  # the connections are the parent's
        index._forget_everything()


os.register_at_fork(after_in_child=_after_fork)
