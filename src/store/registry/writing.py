"""Writing the folder of one model: its log, and a folder for each version.

Nothing here is locked. What must happen once (a name is taken, a number is given) is the
renaming of a folder that was written completely under another name: a system call that
fails when something stands there already, also on network file systems.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from ..files import remove
from ..log import EventLog, event_log, new_id, now
from ..sharing import Found, note, share
from ..who import user_at_host
from .events import Change, Create, Register, line
from .history import History
from .reading import entries

MODEL = "model"
"""The folder in a version's folder that holds a model copied into the registry."""

_TAKEN = (errno.ENOTEMPTY, errno.EEXIST)


class ModelFolder:
    """Writes one model. Raises OSError when something could not be kept."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._log = event_log(path)

    def append(self, history: History, changes: Iterable[Change]) -> None:
        """Add what follows ``history``, in one write: all or nothing."""
        data = b"".join(map(line, _stamped(changes, history)))
        if data:
            self._log.append(data)
            self._log.close()

    def create(self, change: Create) -> bool:
        """Begin the model; False when somebody else did."""
        with _draft(self.path.parent) as draft:
            _write(draft, *_stamped([change]))
            return _put(draft, self.path)

    def register(self, history: History, change: Register, files: Path | None) -> str:
        """Give the next number to a version, with a copy of ``files``. Returns its id."""
        id, store = new_id(), self.path.parents[2]
        shared: Found = ()
        with _draft(self.path) as draft:
            _write(draft / id, *_stamped([change], history))  # first: it tells doctor who is at work
            if files is not None:
                shutil.copytree(files, draft / id / MODEL)
                shared = share(draft / id / MODEL, store)
            number = history.highest + 1
            while not _put(draft, self.path / str(number)):
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
        return _put(self.path, target)

    def free(self, version: int, id: str) -> None:
        """Remove the copied files of a version: at once for a reader, or not at all."""
        files = self.path / str(version) / id / MODEL
        if files.exists():
            discard(files, self.path)


def discard(path: Path, beside: Path) -> None:
    """Remove a folder that is gone for others before its files are; what is left is a draft's."""
    with _draft(beside) as draft:
        os.rename(path, draft)


@contextmanager
def _draft(folder: Path) -> Iterator[Path]:
    """A name for something unfinished in ``folder``; what stands there at the end is removed."""
    draft = folder / f".{os.urandom(8).hex()}.part"
    try:
        yield draft
    finally:
        remove(draft)


def _write(folder: Path, *changes: Change) -> None:
    log = EventLog(folder)
    log.append(b"".join(map(line, changes)))
    log.close()


def _put(folder: Path, target: Path) -> bool:
    """Rename a folder that is not empty; False when something stands at ``target``."""
    inside = {entry.name for entry in entries(folder)}
    try:
        os.rename(folder, target)
    except FileNotFoundError:
        # A network file system may have lost the answer and asked again for what was done.
        if not inside or inside != {entry.name for entry in entries(target)}:
            raise
    except OSError as error:
        if error.errno not in _TAKEN:
            raise
        return False
    return True


def _stamped(changes: Iterable[Change], history: History | None = None) -> list[Change]:
    """With time and author. Later than all that the author has seen, whatever the clocks say."""
    time = max(now(), history.latest + 1 if history else 0)
    by = user_at_host()
    return [msgspec.structs.replace(change, time=time, by=by) for change in changes]
