"""Taking log bytes into a store that is a folder; see `intake.Intake` for the promises."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING

from .intake import Gap, Places, log_path
from .reading import EVENTS
from .writer import has_grown, placed, remove_artifact

if TYPE_CHECKING:
    from .folder import FolderStore

_OLD = 300.0
"""Seconds without a change after which other processes do not expect more in a file."""


class FolderIntake:
    """Adds to log files of a folder store, each under its lock: the same bytes may come twice at once."""

    def __init__(self, store: FolderStore) -> None:
        self._store = store
        self._places = Places(self._find, store.experiments.folder_for)

    def received(self, folder: str) -> Mapping[str, int]:
        files = (self._store.path / self._places.of(folder)).glob(EVENTS)
        return {file.name: file.stat().st_size for file in files}

    def append(self, path: str, offset: int, data: bytes) -> int:
        target = log_path(path)
        file = self._store.path / self._places.of(target.folder) / target.name
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            size, quiet = _added(descriptor, offset, data)
        finally:
            os.close(descriptor)
        self._tell(file, quiet)
        return size

    def folder(self, id: str) -> str:
        return self._store.folder_of(id).relative_to(self._store.path).as_posix()

    def artifact(self, folder: str, id: str, path: str) -> AbstractContextManager[Path]:
        return placed(self._store.path / self._places.of(folder), id, path)

    def discard(self, folder: str, id: str, path: str) -> None:
        remove_artifact(self._store.path / self._places.of(folder), id, path)

    def _find(self, experiment: str, run: str) -> str | None:
        """The experiment's folder that holds a run folder, the one that was named if it does."""
        if (self._store.path / experiment / run).is_dir():
            return experiment
        found = self._store.path.glob(f"[!.]*/{escape(run)}")
        return next((folder.parent.name for folder in found), None)

    def _tell(self, file: Path, quiet: float) -> None:
        """Its process lives, even where nobody can look for it; and readers should look."""
        has_grown(file.parent)
        writer = file.stem.removeprefix("events-")
        with suppress(OSError):
            self._store.live_folder.mkdir(parents=True, exist_ok=True)
            (self._store.live_folder / writer).touch()
        if quiet > _OLD:
            self._store.announce()


def _added(descriptor: int, offset: int, data: bytes) -> tuple[int, float]:
    """Write what is new; returns the file's size then, and for how many seconds it was left alone."""
    status = os.fstat(descriptor)
    size, quiet = status.st_size, time.time() - status.st_mtime
    if offset > size:
        raise Gap(size)
    rest = memoryview(data)[size - offset :]
    while rest:
        written = os.write(descriptor, rest)
        rest, size = rest[written:], size + written
    return size, quiet
