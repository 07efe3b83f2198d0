"""The files of a run on a server; see `store.base.ArtifactFolder`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import quote

from ..base import Entry
from ..errors import ArtifactNotFound
from ..wire import own
from .downloads import download

if TYPE_CHECKING:
    from .store import HttpStore


class HttpArtifacts:
    """Lists what the server has; what is read lies in the user's cache then."""

    def __init__(self, store: HttpStore, id: str) -> None:
        self._store = store
        self._id = id

    def __iter__(self) -> Iterator[str]:
        names = self._store.ask(own.FILES, own.OfRun(self._id))
        return iter(names)

    def entries(self, path: str = "") -> list[Entry]:
        found = self._store.ask(own.ENTRIES, own.OfRun(self._id, path))
        return [Entry(entry.path, entry.is_dir, entry.size) for entry in found]

    def open(self, name: str) -> BinaryIO:
        path = self.path(name)
        if path.is_dir():
            raise ArtifactNotFound(f"{name!r} of run {self._id} is a folder, not a file")
        return path.open("rb")

    def path(self, name: str) -> Path:
        listing = self._store.ask(own.LISTING, own.OfRun(self._id, name))
        pure = PurePosixPath(name)
        above = f"/artifacts/{self._id}/{quote(pure.as_posix())}"
        return download(self._store.client, listing, pure.name, above + "/" * listing.is_dir)
