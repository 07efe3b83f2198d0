"""A model's folder: it appears whole or not at all, and its files are what they were."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from .errors import ModelDamaged, ModelExists


@contextmanager
def appearing(target: Path) -> Iterator[Path]:
    """A new folder to fill; at the end of the block it stands at ``target``.

    After an error in the block nothing is left; after a kill there is at most a hidden
    folder beside it. Raises ModelExists when something is at ``target``, an empty folder
    excepted.
    """
    _free(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.parent / f".{target.name}.{os.urandom(6).hex()}.tmp"
    draft.mkdir()
    try:
        yield draft
        _free(target)
        os.replace(draft, target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _free(target: Path) -> None:
    try:
        taken = next(target.iterdir(), None) is not None
    except FileNotFoundError:
        return
    except NotADirectoryError:
        taken = True
    if taken:
        raise ModelExists(f"{target} exists already; choose another place, or remove it first")


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below the folder, by relative path with ``/``, sorted."""
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {name: _sha256(folder / name) for name in sorted(names)}


def size(folder: Path) -> int:
    """Bytes of all files below the folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def verify(folder: Path, expected: Mapping[str, str]) -> None:
    """Raises ModelDamaged unless every named file has this SHA-256."""
    for name, digest in expected.items():
        if _sha256(inside(folder, name)) != digest:
            raise ModelDamaged(f"{folder / name} is not the file that was saved: its SHA-256 differs")


def inside(folder: Path, name: str) -> Path:
    """A file that a model's description names. Raises ModelDamaged if it leaves the folder."""
    pure = PurePosixPath(str(name))
    if pure.is_absolute() or not pure.parts or ".." in pure.parts or {"\\", "\0"} & set(str(name)):
        raise ModelDamaged(f"the model in {folder} names a file outside of it: {name!r}")
    path = folder / pure
    try:
        real = path.resolve()
        there = real.is_file()
    except (OSError, RuntimeError) as error:  # a name that is too long, links in a circle
        raise ModelDamaged(f"the model in {folder} names a file that cannot be: {name!r}") from error
    if not real.is_relative_to(folder.resolve()):
        raise ModelDamaged(f"the model in {folder} links to a file outside of it: {name!r}")
    if not there:
        raise ModelDamaged(f"the model in {folder} lacks its file {name!r}")
    return path


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
