"""Writing to a database that is a store: one row of log bytes, whatever is logged.

What a process writes about the runs of one folder is one file of the log, as in a folder
store; it only has no bytes of its own, but rows of the journal. They go into the tables
when somebody reads; see `applying`.
"""

from __future__ import annotations

import os
import threading
import weakref
from itertools import count
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ..index.schema import files
from ..index.statements import dialect_insert
from ..log import EventLog, this_process, writer_name
from .engine import Database

_instances = count()


class Journal:
    """The logs of one store object; ``lasting``: its runs outlive this process, which is a server."""

    def __init__(self, database: Database, *, lasting: bool) -> None:
        self.database = database
        self._lasting = lasting
        self._number = next(_instances)  # two stores of one process may write to one folder
        self._logs: weakref.WeakValueDictionary[str, JournalLog] = weakref.WeakValueDictionary()
        self._lock = threading.Lock()
        _journals.add(self)

    def log(self, folder: str) -> JournalLog:
        """This store's one log for a run folder: every run there shares it."""
        with self._lock:
            log = self._logs.get(folder)
            if log is None:
                log = self._logs[folder] = JournalLog(self, folder)
            return log

    def add(self, file: int, data: bytes) -> None:
        """Keep whole lines of a file."""
        self.database.insert("journal", file=file, data=data)

    def begin_file(self, folder: str) -> int:
        """The number of a file that this process writes."""
        row: dict[str, Any] = {"path": f"{folder}/events-{writer_name()}-{self._number}.jsonl"}
        if not self._lasting:
            header = this_process()
            row |= {"writer": header.writer, "host": header.host, "pid": header.pid, "born": header.born}
        return self.database.append(lambda connection: file_number(connection, row))

    def start_over(self) -> None:
        """After a fork: the parent goes on with the files."""
        self._lock = threading.Lock()
        for log in list(self._logs.values()):
            log.start_over()


class JournalLog(EventLog):
    """One writer's file in a run folder, of which the journal has the bytes."""

    def __init__(self, journal: Journal, folder: str) -> None:
        self._journal = journal
        self._name = folder
        super().__init__(Path(folder))

    def start_over(self) -> None:
        super().start_over()
        self._file = 0

    def append(self, data: bytes) -> None:
        if not self._file:
            self._file = self._journal.begin_file(self._name)
        self._journal.add(self._file, data)


def file_number(connection: sa.Connection, row: dict[str, Any]) -> int:
    """The number of the file with this ``path``, which is known from now on."""
    nothing_read = {"offset": 0, "inode": 0, "tail": 0, "damaged": 0}
    known = connection.scalar(sa.select(files.c.id).where(files.c.path == row["path"]))
    if known is not None:
        return int(known)
    insert = dialect_insert(connection, files).values(nothing_read | row)
    same = insert.on_conflict_do_update(index_elements=[files.c.path], set_={"path": insert.excluded.path})
    return int(connection.scalar(same.returning(files.c.id)))


_journals: weakref.WeakSet[Journal] = weakref.WeakSet()


def _after_fork() -> None:
    for one in list(_journals):
        one.start_over()


os.register_at_fork(after_in_child=_after_fork)
