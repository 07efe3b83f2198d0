"""A model's folder: it appears whole or not at all, and its files are what they were.

Hashing takes longer than copying. So a large file is hashed while it is written and while
it is read, by a thread of its own.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from .errors import ModelDamaged, ModelExists

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

    from _typeshed import ReadableBuffer as Buffer

LARGE = 1 << 22
"""Bytes; for less, a thread is not worth it."""

_PIECE = 1 << 18


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
        for path in [path for path in _known if path.startswith(f"{draft}{os.sep}")]:
            _known.pop(path, None)
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


class HashedFile:
    """A file whose SHA-256 is known when it is closed. It cannot go back, so zip files do not.

    What is written must stay as it is until the next call.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = open(path, "wb")  # noqa: SIM115 - closed by close()
        self._sum = hashlib.sha256()
        self._pool: ThreadPoolExecutor | None = None
        self._hashing: Future[None] | None = None

    def write(self, data: Buffer) -> int:
        self._wait()
        size = memoryview(data).nbytes
        if size < LARGE:
            self._sum.update(data)
            return self._file.write(data)
        self._hashing = self._thread().submit(self._sum.update, data)
        # The kernel takes new memory for a large piece, and memory at hand for smaller ones.
        with memoryview(data).cast("B") as view:
            return sum(self._file.write(view[start : start + _PIECE]) for start in range(0, size, _PIECE))

    def flush(self) -> None:
        self._file.flush()

    def __enter__(self) -> HashedFile:
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        try:
            self._wait()
        finally:
            if self._pool is not None:
                self._pool.shutdown()
            self._file.close()
        if kind is None:
            _known[str(self._path)] = (_state(self._path), self._sum.hexdigest())

    def _wait(self) -> None:
        hashing, self._hashing = self._hashing, None
        if hashing is not None:
            hashing.result()

    def _thread(self) -> ThreadPoolExecutor:
        from concurrent.futures import ThreadPoolExecutor

        self._pool = self._pool or ThreadPoolExecutor(1)
        return self._pool


_known: dict[str, tuple[tuple[int, int], str]] = {}
"""SHA-256 of files that a `HashedFile` wrote, and their state then, until somebody asks."""


def _state(path: Path) -> tuple[int, int]:
    """Another one when the file was changed."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _when_written(path: Path) -> str | None:
    state, digest = _known.pop(str(path), (None, None))
    return digest if state == _state(path) else None


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below the folder, by relative path with ``/``, sorted."""
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {name: _when_written(folder / name) or _sha256(folder / name) for name in sorted(names)}


def size(folder: Path) -> int:
    """Bytes of all files below the folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def verify(folder: Path, expected: Mapping[str, str]) -> None:
    """Raises ModelDamaged unless every named file has this SHA-256."""
    for name, digest in expected.items():
        if _sha256(inside(folder, name)) != digest:
            raise ModelDamaged(f"{folder / name} is not the file that was saved: its SHA-256 differs")


@contextmanager
def verified(folder: Path, expected: Mapping[str, str], *, first: bool) -> Iterator[None]:
    """The block reads files that have these SHA-256; the large ones are hashed meanwhile unless ``first``.

    Raises ModelDamaged for one that has another, also in place of what the block raises.
    """
    sizes = {name: inside(folder, name).stat().st_size for name in expected}
    later = {name: expected[name] for name in expected if not first and sizes[name] >= LARGE}
    verify(folder, {name: expected[name] for name in expected if name not in later})
    if not later:
        yield
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        checked = pool.submit(verify, folder, later)
        try:
            yield
        finally:
            checked.result()


def inside(folder: Path, name: str, *, folders: bool = False) -> Path:
    """A file that a model's description names; with ``folders`` also a folder.

    Raises ModelDamaged if it leaves the model's own, or is not there.
    """
    pure = PurePosixPath(str(name))
    if pure.is_absolute() or not pure.parts or ".." in pure.parts or {"\\", "\0"} & set(str(name)):
        raise ModelDamaged(f"the model in {folder} names a file outside of it: {name!r}")
    path = folder / pure
    try:
        real = path.resolve()
        there = real.is_file() or (folders and real.is_dir())
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
