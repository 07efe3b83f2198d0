"""Files and folders that appear as a whole, and go as a whole."""

from __future__ import annotations

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
