"""A store that is a folder: files that can be copied, moved, merged and read by anybody.

Writing needs nothing but the files. Reading goes through an index, which is imported
when something is read for the first time.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from .errors import RunNotFound
from .events import Join, Start
from .log import new_id, now
from .names import experiment_folder, run_folder
from .queries import Queries
from .writer import FolderArtifacts, FolderRunWriter, begin, open_folder

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from .experiments.folder import FolderExperiments
    from .index import Index
    from .receiving import FolderIntake
    from .registry.registry import EventRegistry

_T = TypeVar("_T")

OWN_FOLDER = ".autolog"
"""The folder in a store that is ours and no experiment."""


class FolderStore(Queries):
    """Runs in a folder; see `store.base.Store` for the promises.

    The folder is made when the first run begins. A store that does not exist holds no runs.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(os.path.abspath(path))
        self.uri = str(self.path)
        self.live_folder = self.path / OWN_FOLDER / "live"
        self.experiments_folder = self.path / OWN_FOLDER / "experiments"
        self.registry_folder = self.path / OWN_FOLDER / "registry"

    def __repr__(self) -> str:
        return f"FolderStore({self.uri!r})"

    def __reduce__(self) -> Any:
        return FolderStore, (self.uri,)

    @cached_property
    def index(self) -> Index:
        """The index of this store; its ``read`` and ``connection`` give SQL access."""
        from .index import Index

        return Index(self.path)

    @cached_property
    def experiments(self) -> FolderExperiments:
        """What the runs are grouped in."""
        from .experiments.folder import FolderExperiments

        return FolderExperiments(self.path)

    @cached_property
    def registry(self) -> EventRegistry:
        """The registered models."""
        from .registry.folder import FolderShelf
        from .registry.registry import EventRegistry

        return EventRegistry(self, FolderShelf(self.registry_folder))

    @cached_property
    def intake(self) -> FolderIntake:
        """Where the log of runs that were recorded elsewhere comes in."""
        from .receiving import FolderIntake

        return FolderIntake(self)

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
    ) -> FolderRunWriter:
        above, folder = (None, None) if parent is None else self._locate(parent)
        if folder is None and id is not None:
            folder = self._known(id)  # begun before: its events are in one folder
        id = new_id() if id is None else id
        time = now() if time is None else time
        folder = folder or self.path / self._folder_for(experiment) / run_folder(name, id, time)
        return begin(folder, Start(run=0, time=time, id=id, parent=above, name=name, kind=kind))

    def join(self, id: str, *, resumed: bool = False, address: str | None = None) -> FolderRunWriter:
        if address is not None:
            writer = FolderRunWriter(Path(address), id)
        else:
            id, folder = self._locate(id)
            writer = FolderRunWriter(folder, id)
        if resumed or address is None:
            writer.begin(Join(run=0, time=now(), id=id, resumed=resumed))
            self.announce()
        return writer

    def _folder_for(self, experiment: str) -> str:
        """An experiment's folder, which is not always called like it: some were renamed."""
        if not self.experiments_folder.is_dir():
            return experiment_folder(experiment)
        return self.experiments.folder_for(experiment)

    def _known(self, id: str) -> Path | None:
        """The folder of a run that was begun before. The index need not catch up for one that is new."""
        folder = open_folder(self.path, id) or self._indexed(id)
        if folder is None and any(self.path.glob(f"*/*-{glob.escape(id[:8])}")):
            with suppress(RunNotFound):
                whole, found = self._locate(id)
                folder = found if whole == id else None
        return folder

    def settle(self) -> None:
        """Nothing: what was written is where it belongs."""

    def folder_of(self, id: str) -> Path:
        """The folder that a run's events are in. Raises RunNotFound."""
        return self._locate(id)[1]

    def announce(self) -> None:
        """Let readers know that an old run may have something new; they would not look often."""
        path = self.path / OWN_FOLDER / "joined"
        with suppress(OSError):
            path.parent.mkdir(exist_ok=True)
            path.touch()

    def _locate(self, id: str) -> tuple[str, Path]:
        """The whole id of a run and its folder; the index catches up only if it has to."""
        folder = open_folder(self.path, id) or self._indexed(id)
        if folder is not None:
            return id, folder
        from .index.lookup import lookup

        row = self.index.read(lambda connection: lookup(connection, id, self.uri))
        return row.run_id, self.path / row.folder

    def _indexed(self, id: str) -> Path | None:
        """The folder of a run that was read before, and that is still there."""
        from .index.lookup import folder_of

        known = self.index.glance(lambda connection: folder_of(connection, id))
        return self.path / known if known is not None and (self.path / known).is_dir() else None

    # Reading

    def read(self, function: Callable[[Connection], _T]) -> _T:
        return self.index.read(function)

    def artifacts(self, id: str) -> FolderArtifacts:
        whole, folder = self._locate(id)
        return FolderArtifacts(folder, whole)
