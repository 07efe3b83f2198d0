"""Reading the folders of models."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from ..changes import read
from ..files import entries, visible
from ..reading import log_files
from ..writer import is_draft
from .events import Create, Register, Rename, decode
from .history import History, Registration
from .names import model_name

_SETTLED = 2_000_000_000
"""Nanoseconds after which a folder's time of change surely tells the next change from this one."""


class Reader:
    """Reads models anew each time, but for versions, which do not change once they are there."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, list[Registration]]] = {}

    def load(self, folder: Path) -> History | None:
        """What a folder says; None when it is not there, or not that of a model."""
        if not folder.is_dir():
            return None
        events = [event for file in log_files(folder) for event in read(file, decode)]
        events.sort(key=lambda event: event.time)  # stable: a file's lines stay in their order
        known = (event.name for event in events if isinstance(event, Create | Rename))
        name = model_name(folder.name, known)
        return None if name is None else History(name, events, self._registrations(folder))

    def _registrations(self, folder: Path) -> Iterator[Registration]:
        for numbered in _numbered(folder):
            changed = numbered.stat().st_mtime_ns
            before, found = self._known.get(numbered.path, (None, []))
            if before != changed:
                versions = list(visible(numbered.path))
                found = list(_registered(int(numbered.name), versions))
                if len(found) == len(versions) and time.time_ns() - changed > _SETTLED:
                    self._known[numbered.path] = changed, found
            yield from found


def model_folders(root: Path) -> list[Path]:
    """The folders in a registry that may be models, by name."""
    return sorted(map(Path, visible(root)))


def version_folders(folder: Path) -> Iterator[tuple[int, Path]]:
    """Numbers, and the folders of the versions that got them: two after stores were merged."""
    for numbered in _numbered(folder):
        yield from ((int(numbered.name), Path(version)) for version in visible(numbered.path))


def registration(version: Path) -> Register | None:
    """What a version's folder says; None while somebody is still copying it."""
    events = (event for file in log_files(version) for event in read(file, decode))
    return next((event for event in events if isinstance(event, Register)), None)


def drafts(folder: Path) -> Iterator[Path]:
    """What is being written in a folder, or was never finished."""
    return (Path(entry) for entry in entries(folder) if is_draft(entry.name))


def _numbered(folder: Path) -> Iterator[os.DirEntry[str]]:
    return (entry for entry in visible(folder) if entry.name.isdecimal() and entry.name.isascii())


def _registered(number: int, versions: list[os.DirEntry[str]]) -> Iterator[Registration]:
    for version in versions:
        event = registration(Path(version))
        if event is not None:
            yield Registration(number, version.name, event)
