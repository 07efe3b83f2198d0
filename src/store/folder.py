"""A store that is a folder: files that can be copied, moved, merged and read by anybody.

Writing needs nothing but the files. Reading goes through an index, which is imported
when something is read for the first time.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .base import LoggedModel, RunData
from .errors import RunNotFound
from .events import Join, Start
from .log import new_id, now
from .names import experiment_folder, run_folder
from .points import Buckets, Points
from .writer import FolderArtifacts, FolderRunWriter, open_folder

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from .index import Index
    from .registry.folder import FolderRegistry

OWN_FOLDER = ".autolog"
"""The folder in a store that is ours and no experiment."""


class FolderStore:
    """Runs in a folder; see `store.base.Store` for the promises.

    The folder is made when the first run begins. A store that does not exist holds no runs.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(os.path.abspath(path))
        self.uri = str(self.path)
        self.live_folder = self.path / OWN_FOLDER / "live"
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
    def registry(self) -> FolderRegistry:
        """The registered models."""
        from .registry.folder import FolderRegistry

        return FolderRegistry(self, self.registry_folder)

    # Writing

    def create(self, experiment: str, name: str, *, parent: str | None = None) -> FolderRunWriter:
        if parent is not None:
            above, folder = self._locate(parent)
            return FolderRunWriter(folder, above).child(name)
        id, time = new_id(), now()
        writer = FolderRunWriter(self.path / experiment_folder(experiment) / run_folder(name, id, time), id)
        writer.begin(Start(run=0, time=time, id=id, name=name))
        return writer

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
        """The whole id of a run and its folder; the index is asked only if it has to be."""
        folder = open_folder(self.path, id)
        if folder is not None:
            return id, folder
        from .index.lookup import lookup

        row = self.index.read(lambda connection: lookup(connection, id, self.uri))
        return row.run_id, self.path / row.folder

    # Reading

    def search(
        self,
        filter: str = "",
        *,
        experiment: str | None = None,
        order_by: Sequence[str] = (),
        limit: int | None = None,
    ) -> list[RunData]:
        from .query import find

        return self.index.read(lambda connection: find(connection, filter, experiment, order_by, limit))

    def get(self, id: str) -> RunData:
        from .index.lookup import lookup
        from .query import load

        def one(connection: Connection) -> RunData:
            row = lookup(connection, id, self.uri)
            if row.deleted:
                raise RunNotFound(f"run {row.run_id} of {self.uri} is deleted; `autolog restore` undoes that")
            return load(connection, [row.id])[0]

        return self.index.read(one)

    def points(self, id: str, key: str) -> Points:
        from .index.history import points
        from .index.lookup import lookup

        return self.index.read(lambda c: points(c, lookup(c, id, self.uri).id, key))

    def buckets(
        self,
        ids: Sequence[str],
        key: str,
        n: int,
        *,
        x: Literal["step", "time"] = "step",
        start: float | None = None,
        end: float | None = None,
    ) -> Buckets:
        from .index.buckets import buckets

        return self.index.read(lambda c: buckets(c, self.uri, ids, key, n, x, start, end))

    def models(self, id: str) -> list[LoggedModel]:
        from .index.lookup import lookup
        from .index.models import of_run

        return self.index.read(lambda c: of_run(c, lookup(c, id, self.uri).id))

    def model(self, id: str) -> LoggedModel:
        from .index.models import by_id

        return self.index.read(lambda c: by_id(c, id, self.uri))

    def artifacts(self, id: str) -> FolderArtifacts:
        whole, folder = self._locate(id)
        return FolderArtifacts(folder, whole)
