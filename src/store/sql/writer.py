"""Writing one run of a database store: its events into the journal, its files where they are kept."""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..events import Artifact, Discard, Start
from ..log import RunLog, new_id, now
from ..writer import check_run_id, inner_path, size_of
from .artifacts import Files
from .journal import Journal

_RECENT = 1_000


class SqlRunWriter(RunLog):
    """Adds to one run; see `store.base.RunWriter` for the promises."""

    def __init__(self, journal: Journal, files: Files, folder: str, id: str) -> None:
        super().__init__(journal.log(folder), id)
        self.folder = folder
        self.address = folder
        self._journal = journal
        self._files = files

    def child(self, name: str, *, id: str | None = None) -> SqlRunWriter:
        start = Start(run=0, time=now(), id=new_id() if id is None else id, parent=self.id, name=name)
        return begin(self._journal, self._files, self.folder, start)

    @contextmanager
    def artifact(self, path: str) -> Iterator[Path]:
        name = str(inner_path(path))
        with self._files.placed(self.folder, self.id, name) as draft:
            yield draft
            size = size_of(draft)
        self.write(Artifact(run=0, time=now(), path=name, size=size))

    def discard(self, path: str) -> None:
        self._files.remove(self.folder, self.id, path)
        self.write(Discard(run=0, time=now(), path=str(inner_path(path))))

    def close(self) -> None:
        """Nothing is held open."""


def begin(journal: Journal, files: Files, folder: str, start: Start) -> SqlRunWriter:
    """Start a run in ``folder``. Raises InvalidName for an id that cannot be one."""
    check_run_id(start.id)
    writer = SqlRunWriter(journal, files, folder, start.id)
    writer.begin(start)
    return writer


class Writers:
    """The writers that are in use, and those of the last runs: who joins one again gets the same."""

    def __init__(self) -> None:
        self._by_id: weakref.WeakValueDictionary[str, SqlRunWriter] = weakref.WeakValueDictionary()
        self._recent: deque[SqlRunWriter] = deque(maxlen=_RECENT)

    def keep(self, writer: SqlRunWriter) -> SqlRunWriter:
        self._by_id[writer.id] = writer
        self._recent.append(writer)
        return writer

    def of(self, id: str) -> SqlRunWriter | None:
        return self._by_id.get(id)
