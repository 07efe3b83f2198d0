"""Registered models in a folder: a shelf of plain files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from ..changes import Change
from ..errors import ArtifactNotFound
from .base import ModelVersion
from .events import Create, Register, Rename
from .history import History
from .names import model_folder
from .reading import Reader, model_folders
from .writing import ModelFolder, discard


class FolderShelf:
    """Models in the folder ``.autolog/registry`` of a store; see `shelf.Shelf` for the promises."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._reader = Reader()
        self._folders: dict[str, ModelFolder] = {}

    def all(self) -> Iterator[History]:
        histories = map(self._reader.load, model_folders(self._root))
        return (history for history in histories if history is not None)

    def load(self, name: str) -> History | None:
        return self._reader.load(self._root / model_folder(name))

    def create(self, change: Create) -> bool:
        history = self.load(change.name)
        if history is None:
            return self._folder(change.name).create(change)
        if not history.exists:
            self.append(history, [change])
            return True
        return False

    def append(self, history: History, changes: Iterable[Change]) -> None:
        self._folder(history.name).append(history, changes)

    def register(self, history: History, change: Register, files: Path | None) -> str:
        return self._folder(history.name).register(history, change, files)

    def rename(self, history: History, name: str) -> bool:
        target, taken = self._root / model_folder(name), self.load(name)
        if taken is not None and taken.begun and not taken.exists:
            discard(target, self._root)
        self.append(history, [Rename(name=name)])
        return self._folder(history.name).rename(target)

    def place(self, name: str) -> Path:
        return self._root / model_folder(name)

    def files(self, version: ModelVersion) -> Path:
        files = self._folder(version.name).files(version.version, version.id)
        if not files.is_dir():
            which = f"version {version.version} of model {version.name!r}"
            raise ArtifactNotFound(f"the copied files of {which} are missing")
        return files

    def free(self, version: ModelVersion) -> None:
        self._folder(version.name).free(version.version, version.id)

    def _folder(self, name: str) -> ModelFolder:
        return self._folders.setdefault(name, ModelFolder(self.place(name)))
