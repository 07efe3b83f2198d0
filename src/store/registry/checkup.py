"""What is wrong with a registry: for `autolog doctor`, which knows the files' lines itself."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from ..doctor import Problem
from ..errors import ArtifactNotFound, RunNotFound
from ..reading import log_files
from ..survey import at_work
from .base import COPIED, ModelVersion
from .history import History
from .reading import Reader, drafts, model_folders, registration, version_folders
from .sources import run_source
from .writing import MODEL, ModelFolder

if TYPE_CHECKING:
    from ..folder import FolderStore


class Checkup:
    """Examines the registry of one folder store."""

    def __init__(self, store: FolderStore, root: Path) -> None:
        self._store = store
        self._root = root

    def files(self) -> Iterator[Path]:
        """Every log file of the registry."""
        for folder in model_folders(self._root):
            yield from log_files(folder)
            for _, version in version_folders(folder):
                yield from log_files(version)

    def leftovers(self) -> Iterator[Path]:
        """What was never finished, or never wholly removed."""
        for folder in (self._root, *model_folders(self._root)):
            yield from (draft for draft in drafts(folder) if not at_work(draft, self._store.live_folder))
        for folder in model_folders(self._root):
            history = Reader().load(folder)
            copies = (version / MODEL for _, version in version_folders(folder))
            yield from (
                copy for copy in copies if history and copy.parent.name in history.removed and copy.exists()
            )

    def problems(self) -> Iterator[Problem]:
        """What cannot be read as it was meant."""
        for folder in model_folders(self._root):
            place = str(folder.relative_to(self._store.path))
            history = Reader().load(folder)
            if history is None or not history.begun:
                yield Problem("orphan", place, "the file that says how this model began is missing")
                continue
            for number, version in version_folders(folder):
                if registration(version) is None:
                    yield Problem("orphan", f"{place}/{number}/{version.name}", "says nothing of a version")
            if history.exists:
                yield from self._doubles(history, place)
                yield from self._missing(history)

    def _doubles(self, history: History, place: str) -> Iterator[Problem]:
        """All but the first of those that have the same number."""
        for number, (_, *others) in groupby(history.versions(), lambda version: version.version):
            for version in others:
                what = f"another version of {history.name!r} has number {number} too: two stores were merged"
                yield Problem("double version", f"{place}/{number}/{version.id}", what, "repair")

    def _missing(self, history: History) -> Iterator[Problem]:
        for version in history.versions():
            if (version.source == COPIED or run_source(version.source)) and not self._is_there(version):
                what = f"its model {version.source} is not in this store"
                yield Problem("orphan", f"models:/{history.name}/{version.version}", what)

    def _is_there(self, version: ModelVersion) -> bool:
        try:
            self._store.registry.path(version)
        except (RunNotFound, ArtifactNotFound):
            return False
        return True


def renumber(version: Path) -> None:
    """Give a version the next number of its model. Its aliases and tags stay with it."""
    folder = version.parents[1]
    if version.exists():  # otherwise this was done already
        highest = max(number for number, _ in version_folders(folder))
        ModelFolder(folder).renumber(version, highest + 1)
