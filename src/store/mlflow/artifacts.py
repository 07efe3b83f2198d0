"""The files of a run on an MLflow server; see `store.base.ArtifactFolder`."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from ..base import Entry
from ..errors import ArtifactNotFound
from ..files import cache_folder, new_file, new_folder
from ..names import artifact_path
from ..wire import artifacts as wire
from ..wire.artifacts import FileInfo
from ..writer import inner_path
from .client import MlflowClient
from .files import Root
from .keys import FILES
from .runs import Seen

_OURS = (f"{FILES}/texts", f"{FILES}/refused")


class MlflowArtifacts:
    """Lists what the server has; what is read lies in the user's cache then."""

    def __init__(self, client: MlflowClient, run: Seen) -> None:
        self._client = client
        self._run = run

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(entry.path for entry in self._below("")))

    def entries(self, path: str = "") -> list[Entry]:
        if path:
            path = str(inner_path(path))
        found = [entry for entry in self._listed(path) if entry.path != path]
        return sorted(found, key=lambda entry: entry.path)

    def open(self, name: str) -> BinaryIO:
        path = self.path(name)
        if path.is_dir():
            raise ArtifactNotFound(f"{name!r} of run {self._run.id} is a folder, not a file")
        return path.open("rb")

    def path(self, name: str) -> Path:
        pure = inner_path(name)
        above = "" if len(pure.parts) == 1 else str(pure.parent)
        found = next((entry for entry in self._listed(above) if entry.path == str(pure)), None)
        if found is None:
            raise ArtifactNotFound(f"run {self._run.id} has no artifact {name!r}")
        return self._folder(pure) if found.is_dir else self._file(pure)

    def _below(self, path: str) -> Iterator[Entry]:
        for entry in self._listed(path):
            if entry.is_dir:
                yield from self._below(entry.path)
            else:
                yield entry

    def _listed(self, path: str) -> Iterator[Entry]:
        token: str | None = None
        while token != "":
            asked = wire.ListArtifacts(run_id=self._run.there, path=path or None, page_token=token)
            answer = self._client.call(wire.LIST_ARTIFACTS, asked)
            for file in answer.files:
                if not self._hides(file.path):
                    yield Entry(file.path, file.is_dir, file.file_size or 0)
            token = answer.next_page_token

    def _hides(self, path: str) -> bool:
        """What the target put beside the user's files; the folder when there is nothing else in it."""
        if not self._run.ours:
            return False
        if path == FILES:
            return not any(self._listed(FILES))
        return path in _OURS

    def _folder(self, path: PurePosixPath) -> Path:
        files = [PurePosixPath(entry.path).relative_to(path).as_posix() for entry in self._below(str(path))]
        return folder_of(Root(self._client, f"{self._run.root.rstrip('/')}/{path}"), files, path.name)

    def _file(self, path: PurePosixPath) -> Path:
        content = _content(Root(self._client, self._run.root), str(path))
        place = cache_folder() / "files" / content.name
        if not (place / path.name).exists():
            place.mkdir(parents=True, exist_ok=True)
            _link(content, place / path.name)
        return place / path.name


def fetched(client: MlflowClient, address: str) -> Path:
    """The folder at an address that the server serves. Raises ArtifactNotFound, StoreUnavailable."""
    root = Root(client, address)
    files = [file.path for file in _served(root, "")]
    if not files:
        raise ArtifactNotFound(f"{client.url} has no files at {address}")
    return folder_of(root, files, PurePosixPath(address).name)


def folder_of(root: Root, names: Iterable[str], name: str) -> Path:
    """A folder with files of a root. It is known by what is in it, so it is never an old one."""
    files = {name: _content(root, name) for name in names}
    key = hashlib.sha256(repr(sorted((path, file.name) for path, file in files.items())).encode())
    place = cache_folder() / "files" / key.hexdigest()
    if not (place / name).exists():
        with new_folder(place, overwrite=True) as folder:
            for path, content in files.items():
                target = folder / name / artifact_path(path)
                target.parent.mkdir(parents=True, exist_ok=True)
                _link(content, target)
    return place / name


def _served(root: Root, path: str) -> Iterator[FileInfo]:
    for file in root.list(path):
        if file.is_dir:
            yield from _served(root, file.path)
        else:
            yield file


def _content(root: Root, path: str) -> Path:
    """A file of the server under the SHA-256 of its content; MLflow tells none beforehand."""
    folder = cache_folder() / "contents"
    draft, digest = folder / f"{os.urandom(8).hex()}.part", hashlib.sha256()
    with new_file(draft, overwrite=True) as file:
        for piece in root.read(path):
            digest.update(piece)
            file.write(piece)
    name = digest.hexdigest()
    target = folder / name[:2] / name
    target.parent.mkdir(parents=True, exist_ok=True)
    os.chmod(draft, 0o444)
    os.replace(draft, target)
    return target


def _link(content: Path, target: Path) -> None:
    try:
        os.link(content, target)
    except OSError:
        target.write_bytes(content.read_bytes())
