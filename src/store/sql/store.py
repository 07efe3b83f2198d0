"""A store that is a database, SQLite or PostgreSQL; see `store.base.Store` for the promises.

Writing is one row of the journal. Reading brings the journal into the tables first.
"""

from __future__ import annotations

import time as clock
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa

from ..base import ArtifactFolder, RunData
from ..errors import NameTaken, RunNotFound
from ..events import Join, Start
from ..index.lookup import lookup
from ..index.schema import experiments, runs
from ..log import new_id, now, write_late
from ..names import experiment_folder, run_folder
from ..queries import Queries
from ..query import load
from . import applying, liveness
from .artifacts import open_files
from .engine import Database, place_of_artifacts
from .journal import Journal
from .receiving import SqlIntake
from .upgrading import upgrade
from .writer import SqlRunWriter, Writers, begin

if TYPE_CHECKING:
    from ..registry.registry import EventRegistry
    from .experiments import SqlExperiments

_T = TypeVar("_T")
_LOOK = 1.0  # seconds; looking for the processes of running runs is not done more often


class SqlStore(Queries):
    """Runs in a database. The tables are made when it is opened.

    ``address``: ``sqlite:///path.db`` or ``postgresql://user@host/database``; ``artifacts``:
    a folder or a URL that fsspec knows, for the files of runs. ``lasting``: what is written
    here does not end with this process, as a server's does not, so that no run reads as stale
    because of that. Raises NotAStore, StoreUnavailable.
    """

    def __init__(self, address: str, artifacts: str | None = None, *, lasting: bool = False) -> None:
        self._arguments = address, artifacts, lasting
        self.database = Database(address)
        self.uri = self.database.uri
        self.files = open_files(artifacts or place_of_artifacts(address), self.database.url, self.uri)
        upgrade(self.database)
        self._journal = Journal(self.database, lasting=lasting)
        self._writers = Writers()
        self._looked = 0.0

    def __repr__(self) -> str:
        return f"SqlStore({self.uri!r})"

    def __reduce__(self) -> Any:
        return _opened, self._arguments

    @cached_property
    def experiments(self) -> SqlExperiments:
        """What the runs are grouped in."""
        from .experiments import SqlExperiments

        return SqlExperiments(self)

    @cached_property
    def registry(self) -> EventRegistry:
        """The registered models."""
        from ..registry.registry import EventRegistry
        from .registry import SqlShelf

        return EventRegistry(self, SqlShelf(self))

    @cached_property
    def intake(self) -> SqlIntake:
        """Where the log of runs that were recorded elsewhere comes in."""
        return SqlIntake(self)

    def close(self) -> None:
        """Give the connections back. The store can still be used, which opens new ones."""
        self.database.close()

    # Writing

    def create(
        self,
        experiment: str,
        name: str,
        *,
        parent: str | None = None,
        id: str | None = None,
        time: int | None = None,
        kind: str = "run",
    ) -> SqlRunWriter:
        above, folder = (None, None) if parent is None else self._locate(parent)
        if folder is None and id is not None:
            folder = self._known(id)  # begun before: its events are in one folder
        id, time = new_id() if id is None else id, now() if time is None else time
        folder = folder or f"{self.folder_for(experiment)}/{run_folder(name, id, time)}"
        start = Start(run=0, time=time, id=id, parent=above, name=name, kind=kind)
        return self._writers.keep(begin(self._journal, self.files, folder, start))

    def join(self, id: str, *, resumed: bool = False, address: str | None = None) -> SqlRunWriter:
        id, folder = (id, address) if address is not None else self._locate(id)
        writer = self._writers.of(id)
        if writer is None or writer.folder != folder:
            writer = self._writers.keep(SqlRunWriter(self._journal, self.files, folder, id))
        if resumed:
            writer.begin(Join(run=0, time=now(), id=id, resumed=True))
        return writer

    def folder_of(self, id: str) -> str:
        """The folder (``experiment/run``) of a run's top-level run. Raises RunNotFound."""
        return self._locate(id)[1]

    def folder_for(self, experiment: str) -> str:
        """The folder of the experiment of this name, which may have had another name before."""
        usual = experiment_folder(experiment)
        known = self.database.read(lambda connection: _folders(connection, experiment, usual))
        if experiment not in known and known:  # its usual folder is that of one that was renamed
            with suppress(NameTaken):
                self.experiments.create(experiment)
            known = self.database.read(lambda connection: _folders(connection, experiment, usual))
        return known.get(experiment, usual)

    def _known(self, id: str) -> str | None:
        with suppress(RunNotFound):
            whole, folder = self._locate(id)
            return folder if whole == id else None
        return None

    def _locate(self, id: str) -> tuple[str, str]:
        """The whole id of a run and its folder. The journal is read only if it has to be."""
        writer = self._writers.of(id)
        if writer is not None:
            return id, writer.folder
        exact = sa.select(runs.c.folder).where(runs.c.run_id == id)
        folder = self.database.read(lambda connection: connection.scalar(exact))
        if folder is not None:
            return id, folder
        row = self.read(lambda connection: lookup(connection, id, self.uri))
        return row.run_id, row.folder

    # Reading

    def artifacts(self, id: str) -> ArtifactFolder:
        whole, folder = self._locate(id)
        return self.files.of_run(folder, whole)

    def read(self, function: Callable[[sa.Connection], _T]) -> _T:
        """What ``function`` reads from tables that know all that was written by now."""
        write_late()
        self._look_for_processes()
        news = object()
        result = self.database.read(lambda c: news if applying.has_news(c) else function(c))
        if result is not news:
            return result  # type: ignore[return-value]
        self.settle()
        return self.database.read(function)

    def seen(self, id: str) -> RunData:
        select = sa.select(runs.c.id).where(runs.c.run_id == id)
        found = self.database.read(lambda c: load(c, list(c.scalars(select))))
        return found[0] if found else super().seen(id)

    def write(self, function: Callable[[sa.Connection], _T]) -> _T:
        """What ``function`` returns, after it changed tables that know all that was written by now.

        Nobody else changes them meanwhile.
        """
        self.settle()
        return self.database.write(function)

    def settle(self) -> None:
        """Bring the journal into the tables. Reading does it, too; a server keeps it short by this."""
        applying.settle(self.database)

    def _look_for_processes(self) -> None:
        if clock.monotonic() - self._looked >= _LOOK:
            self._looked = clock.monotonic()
            self.settle()
            liveness.refresh(self.database)


def _folders(connection: sa.Connection, name: str, folder: str) -> dict[str, str]:
    """Folders of experiments by their names: of the one called so and the one that has this folder."""
    select = sa.select(experiments.c.name, experiments.c.folder)
    rows = connection.execute(select.where((experiments.c.name == name) | (experiments.c.folder == folder)))
    return {row.name: row.folder for row in rows}


def _opened(address: str, artifacts: str | None, lasting: bool) -> SqlStore:
    return SqlStore(address, artifacts, lasting=lasting)
