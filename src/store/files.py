"""Files and folders that appear as a whole, and go as a whole."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


def cache_folder() -> Path:
    """Where this user's things may be kept that can be made again; by the XDG base directories."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "autolog"


@contextmanager
def new_file(path: Path, *, overwrite: bool) -> Iterator[IO[bytes]]:
    """A file that stands at ``path`` when everything is in it, and not before.

    Raises FileExistsError unless ``overwrite``.
    """
    with _in_place(path, overwrite) as partial, open(partial, "xb") as file:
        yield file


@contextmanager
def new_folder(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """A folder that stands at ``path`` when everything is in it. An empty one may stand there."""
    with _in_place(path, overwrite or (path.is_dir() and not any(path.iterdir()))) as partial:
        partial.mkdir()
        yield partial


@contextmanager
def _in_place(path: Path, overwrite: bool) -> Iterator[Path]:
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} exists already")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.parent / f".{path.name}.{os.urandom(4).hex()}.partial"
    try:
        yield partial
        if path.is_dir():
            shutil.rmtree(path)
        os.replace(partial, path)
    finally:
        remove(partial)


def remove(path: Path) -> None:
    """A file or folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def draft(folder: Path) -> Iterator[Path]:
    """A name for something unfinished in ``folder``; what stands there at the end is removed."""
    path = folder / f".{os.urandom(8).hex()}.part"
    try:
        yield path
    finally:
        remove(path)


def put(folder: Path, target: Path) -> bool:
    """Rename a folder that is not empty; False when something stands at ``target``.

    So that one of many gets a name: a system call that fails when something stands there
    already, also on network file systems.
    """
    inside = {entry.name for entry in entries(folder)}
    try:
        os.rename(folder, target)
    except FileNotFoundError:
        # A network file system may have lost the answer and asked again for what was done.
        if not inside or inside != {entry.name for entry in entries(target)}:
            raise
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        return False
    return True


def visible(folder: str | Path) -> Iterator[os.DirEntry[str]]:
    """The folders in a folder, without drafts."""
    shown = (entry for entry in entries(folder) if not entry.name.startswith("."))
    return (entry for entry in shown if entry.is_dir(follow_symlinks=False))


def entries(folder: str | Path) -> list[os.DirEntry[str]]:
    """What is in a folder; nothing when it is not there (any more)."""
    try:
        with os.scandir(folder) as found:
            return list(found)
    except (FileNotFoundError, NotADirectoryError):
        return []


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
