"""Writing the folder of one model: its log, and a folder for each version.

Nothing here is locked. What must happen once (a name is taken, a number is given) is the
renaming of a folder that was written completely under another name: a system call that
fails when something stands there already, also on network file systems.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ..changes import Change, line, stamped
from ..files import draft, put
from ..log import EventLog, event_log, new_id
from ..sharing import Found, note, share
from .events import Create, Register
from .history import History

MODEL = "model"
"""The folder in a version's folder that holds a model copied into the registry."""


class ModelFolder:
    """Writes one model. Raises OSError when something could not be kept."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._log = event_log(path)

    def append(self, history: History, changes: Iterable[Change]) -> None:
        """Add what follows ``history``, in one write: all or nothing."""
        data = b"".join(map(line, stamped(changes, history.latest)))
        if data:
            self._log.append(data)
            self._log.close()

    def create(self, change: Create) -> bool:
        """Begin the model; False when somebody else did."""
        with draft(self.path.parent) as unfinished:
            _write(unfinished, *stamped([change]))
            return put(unfinished, self.path)

    def register(self, history: History, change: Register, files: Path | None) -> str:
        """Give the next number to a version, with a copy of ``files``. Returns its id."""
        id, store = new_id(), self.path.parents[2]
        shared: Found = ()
        with draft(self.path) as unfinished:
            _write(unfinished / id, *stamped([change], history.latest))  # first: doctor sees who is at work
            if files is not None:
                shutil.copytree(files, unfinished / id / MODEL)
                shared = share(unfinished / id / MODEL, store)
            number = history.highest + 1
            while not put(unfinished, self.path / str(number)):
                number += 1
            note(shared, self.path / str(number) / id / MODEL, store)
            return id

    def renumber(self, version: Path, number: int) -> None:
        """Give a version the first number from ``number`` on that nobody has."""
        while True:
            with suppress(FileExistsError):
                (self.path / str(number)).mkdir()
                break
            number += 1
        os.rename(version, self.path / str(number) / version.name)

    def rename(self, target: Path) -> bool:
        """Move the model to another folder; False when another one stands there."""
        return put(self.path, target)

    def files(self, version: int, id: str) -> Path:
        """Where the copied files of a version are, if it has any."""
        return self.path / str(version) / id / MODEL

    def free(self, version: int, id: str) -> None:
        """Remove the copied files of a version: at once for a reader, or not at all."""
        files = self.files(version, id)
        if files.exists():
            discard(files, self.path)


def discard(path: Path, beside: Path) -> None:
    """Remove a folder that is gone for others before its files are; what is left is a draft's."""
    with draft(beside) as unfinished:
        os.rename(path, unfinished)


def _write(folder: Path, *changes: Change) -> None:
    log = EventLog(folder)
    log.append(b"".join(map(line, changes)))
    log.close()
