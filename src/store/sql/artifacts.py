"""Where the files of runs are kept: a folder, or any file system that fsspec knows.

Both have the layout of a folder store: ``experiment/run/artifacts/…``, those of nested
runs below ``.runs/<id>``.
"""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import sqlalchemy as sa

from ..base import ArtifactFolder
from ..errors import NotAStore, StoreUnavailable
from ..writer import FolderArtifacts, placed, remove_artifact

_REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


class Files(Protocol):
    """The artifacts of a store's runs. ``folder`` is ``experiment/run``, ``id`` a run's in it."""

    @property
    def root(self) -> Path | None:
        """Where they are, if that is a local folder."""

    def placed(self, folder: str, id: str, path: str) -> AbstractContextManager[Path]:
        """See `RunWriter.artifact`."""

    def remove(self, folder: str, id: str, path: str) -> None:
        """See `RunWriter.discard`."""

    def of_run(self, folder: str, id: str) -> ArtifactFolder: ...


class LocalFiles:
    """Artifacts in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def placed(self, folder: str, id: str, path: str) -> AbstractContextManager[Path]:
        return placed(self.root / folder, id, path)

    def remove(self, folder: str, id: str, path: str) -> None:
        remove_artifact(self.root / folder, id, path)

    def of_run(self, folder: str, id: str) -> ArtifactFolder:
        return FolderArtifacts(self.root / folder, id)


class NoFiles:
    """Nobody said where the artifacts of a database on a server are kept."""

    root = None

    def __init__(self, uri: str) -> None:
        self._why = (
            f"nobody said where the artifacts of {uri} are kept: name a folder or a URL, the same for all "
            "who use it, by artifacts=…, --artifacts, or ?artifacts=… at the end of the address"
        )

    def placed(self, folder: str, id: str, path: str) -> AbstractContextManager[Path]:
        raise StoreUnavailable(self._why)

    def remove(self, folder: str, id: str, path: str) -> None:
        raise StoreUnavailable(self._why)

    def of_run(self, folder: str, id: str) -> ArtifactFolder:
        raise StoreUnavailable(self._why)


def open_files(place: str | None, url: sa.URL, uri: str) -> Files:
    """The files at ``place``: a path or a URL; else where those of this database are. Raises NotAStore."""
    if not place:
        if url.get_backend_name() != "sqlite":
            return NoFiles(uri)
        place = f"{url.database}-artifacts"
    if place.lower().startswith("file://"):
        place = unquote(urlsplit(place).path)
    if not _REMOTE.match(place):
        return LocalFiles(Path(place).expanduser().absolute())
    try:
        return _remote(place)
    except ImportError as error:  # fsspec, or the package for this scheme, which its message names
        raise NotAStore(
            f"artifacts at {place} need more packages, pip install 'autolog-ml[server,s3]': {error}"
        ) from error
    except ValueError as error:
        raise NotAStore(f"artifacts cannot be kept at {place}: {error}") from error


def _remote(place: str) -> Files:
    if place.lower().startswith(("s3://", "s3a://")):
        from .s3 import S3Files

        return S3Files(place)
    from .remote import RemoteFiles

    return RemoteFiles(place)
