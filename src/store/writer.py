"""Writing one run into its folder: events and files.

Needs nothing but the folder: a worker process writes with no index and no database.
"""

from __future__ import annotations

import builtins
import os
import re
import shutil
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from .base import Entry
from .errors import ArtifactNotFound, InvalidName
from .events import Artifact, Discard, Start
from .log import RunLog, event_log, new_id, now
from .names import artifact_path
from .sharing import note, share

NESTED = ".runs"
"""The folder below a top-level run's artifacts that holds those of its nested runs."""

_RUN_ID = re.compile(r"[A-Za-z0-9_-]{4,64}")
_DRAFT = re.compile(r"\.[0-9a-f]{16}\.part")


def artifact_home(folder: Path, id: str) -> Path:
    """Where the files of a run lie; ``folder`` is that of its top-level run."""
    files = folder / "artifacts"
    return files if folder.name.endswith(f"-{id[:8]}") else files / NESTED / id


def is_draft(name: str) -> bool:
    """Whether a file's name is that of an artifact still being written (or never finished)."""
    return _DRAFT.fullmatch(name) is not None


class FolderRunWriter(RunLog):
    """Adds to one run in a folder; see `store.base.RunWriter` for the promises."""

    def __init__(self, folder: Path, id: str) -> None:
        super().__init__(event_log(folder), id)
        self.folder = folder
        self.address = str(folder)
        self._root = folder.parent.parent
        _writers[builtins.id(self)] = self

    def child(self, name: str, *, id: str | None = None) -> FolderRunWriter:
        start = Start(run=0, time=now(), id=new_id() if id is None else id, parent=self.id, name=name)
        return begin(self.folder, start)

    @contextmanager
    def artifact(self, path: str) -> Iterator[Path]:
        with placed(self.folder, self.id, path) as draft:
            yield draft
        target = artifact_home(self.folder, self.id) / path
        self.write(Artifact(run=0, time=now(), path=str(inner_path(path)), size=size_of(target)))

    def discard(self, path: str) -> None:
        remove_artifact(self.folder, self.id, path)
        self.write(Discard(run=0, time=now(), path=str(inner_path(path))))

    def close(self) -> None:
        """Give the file back, for a top-level run: its nested runs share it."""
        if artifact_home(self.folder, self.id).parent == self.folder:
            self.log.close()


@contextmanager
def placed(folder: Path, id: str, path: str) -> Iterator[Path]:
    """Like `RunWriter.artifact`, for a run in ``folder``, without an event."""
    check_run_id(id)
    target, root = artifact_home(folder, id) / inner_path(path), folder.parent.parent
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.parent / f".{os.urandom(8).hex()}.part"
    try:
        yield draft
        size_of(draft)  # an error when there is nothing
        shared = share(draft, root)
        _put(draft, target)
    except BaseException:
        _remove(draft)
        raise
    note(shared, target, root)


def remove_artifact(folder: Path, id: str, path: str) -> None:
    """Like `RunWriter.discard`, without an event."""
    check_run_id(id)
    target = artifact_home(folder, id) / inner_path(path)
    if not target.exists():
        raise ArtifactNotFound(f"run {id} has no artifact {path!r}")
    _remove(_aside(target))


_writers: weakref.WeakValueDictionary[int, FolderRunWriter] = weakref.WeakValueDictionary()


def begin(folder: Path, start: Start) -> FolderRunWriter:
    """Start a run in ``folder``. Raises InvalidName for an id that cannot be one."""
    check_run_id(start.id)
    writer = FolderRunWriter(folder, start.id)
    writer.begin(start)
    return writer


def check_run_id(id: str) -> None:
    """Raises InvalidName for what cannot be the id of a run."""
    if not _RUN_ID.fullmatch(id):
        raise InvalidName(f"a run's id is 4 to 64 letters, digits, '-' or '_', not {id!r}")


def open_folder(root: Path, id: str) -> Path | None:
    """The folder of a run of the store in ``root`` that this process writes to."""
    return next((writer.folder for writer in _open_writers(root) if writer.id == id), None)


def open_folders(root: Path) -> set[Path]:
    """The folders in the store that this process may write to at any moment, or just did."""
    grown = {folder for folder in list(_grown) if folder.parent.parent == root}
    _grown.difference_update(grown)
    return {writer.folder for writer in _open_writers(root)} | grown


def has_grown(folder: Path) -> None:
    """Have the next reader in this process look into a run folder, which somebody else's log came into."""
    _grown.add(folder)


_grown: set[Path] = set()


def _open_writers(root: Path) -> Iterator[FolderRunWriter]:
    for reference in _writers.valuerefs():  # a list: other threads may begin runs meanwhile
        writer = reference()
        if writer is not None and writer._root == root:
            yield writer


def inner_path(path: str) -> PurePosixPath:
    """The path of an artifact below its run. Raises InvalidName for one that no run can have."""
    pure = artifact_path(path)
    if pure.parts[0] == NESTED or any(map(is_draft, pure.parts)):
        raise InvalidName(f"the artifact path {path!r} is a name that the store keeps for itself")
    return pure


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    if not path.is_dir():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def _put(draft: Path, target: Path) -> None:
    """Rename; what stood there before is gone only when the new one is in its place."""
    if not (target.is_dir() or (draft.is_dir() and target.exists())):
        os.replace(draft, target)
        _remove(draft)  # still there when both were links to one file: renaming does nothing then
        return
    old = _aside(target)
    os.replace(draft, target)
    _remove(old)


def _aside(target: Path) -> Path:
    """Where ``target`` is now, out of every reader's sight."""
    old = target.parent / f".{os.urandom(8).hex()}.part"
    os.replace(target, old)
    return old


def _remove(path: Path) -> None:
    with suppress(OSError):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


class FolderArtifacts:
    """The files of one run in a folder; see `store.base.ArtifactFolder`."""

    def __init__(self, folder: Path, id: str) -> None:
        self._home = artifact_home(folder, id)
        self._id = id

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._files()))

    def entries(self, path: str = "") -> list[Entry]:
        folder = self._home / inner_path(path) if path else self._home
        try:
            inside = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            return []
        hidden = {NESTED} if folder == self._home else set()
        shown = (entry for entry in inside if entry.name not in hidden and not is_draft(entry.name))
        return [_entry(entry, folder.relative_to(self._home)) for entry in shown]

    def open(self, name: str) -> BinaryIO:
        path = self.path(name)
        if path.is_dir():
            raise ArtifactNotFound(f"{name!r} of run {self._id} is a folder, not a file")
        return path.open("rb")

    def path(self, name: str) -> Path:
        path = self._home / inner_path(name)
        if not path.exists():
            raise ArtifactNotFound(f"run {self._id} has no artifact {name!r}")
        return path

    def _files(self) -> Iterator[str]:
        for folder, folders, files in os.walk(self._home):
            top = Path(folder) == self._home
            folders[:] = [name for name in folders if not is_draft(name) and not (top and name == NESTED)]
            below = PurePosixPath(Path(folder).relative_to(self._home).as_posix())
            yield from (str(below / name) for name in files if not is_draft(name))


def _entry(entry: os.DirEntry[str], below: Path) -> Entry:
    is_dir = entry.is_dir()
    return Entry((below / entry.name).as_posix(), is_dir, 0 if is_dir else entry.stat().st_size)
