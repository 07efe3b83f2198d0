"""Artifacts in object storage, or any other file system that fsspec knows.

A file appears there when its upload has ended. A folder is there file by file: its event
is written last, so that readers of the log never hear of half a folder.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, BinaryIO

from fsspec.core import url_to_fs

from ..base import Entry
from ..errors import ArtifactNotFound, StoreUnavailable
from ..files import cache_folder
from ..writer import NESTED, artifact_home, inner_path, size_of


class RemoteFiles:
    """Artifacts below a URL; what is read as a local path is kept in the user's cache folder."""

    root = None  # not on this machine
    options: Mapping[str, Any] = MappingProxyType({})
    """What the file system is opened with."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._cache = cache_folder() / "artifacts"
        self._root()  # a scheme that nobody knows, or whose package is missing, is told now

    @contextmanager
    def placed(self, folder: str, id: str, path: str) -> Iterator[Path]:
        pure = inner_path(path)
        with TemporaryDirectory(prefix="autolog-") as drafts:
            draft = Path(drafts) / pure.name
            yield draft
            size_of(draft)  # an error when there is nothing
            self._put(draft, f"{self._home(folder, id)}/{pure}")

    def remove(self, folder: str, id: str, path: str) -> None:
        fs, _ = self._root()
        found = below(fs, f"{self._home(folder, id)}/{inner_path(path)}")
        if not found:
            raise ArtifactNotFound(f"run {id} has no artifact {path!r}")
        clear(fs, found, f"{self._home(folder, id)}/{inner_path(path)}")

    def of_run(self, folder: str, id: str) -> RemoteArtifacts:
        return RemoteArtifacts(self._root()[0], self._home(folder, id), id, self._cache)

    def _root(self) -> tuple[Any, str]:
        """The file system, which is another one after a fork, and our place in it."""
        fs, root = url_to_fs(self._url, **self.options)
        return fs, root.rstrip("/")

    def _home(self, folder: str, id: str) -> str:
        return f"{self._root()[1]}/{artifact_home(Path(folder), id).as_posix()}"

    def _put(self, draft: Path, target: str) -> None:
        """Upload, and then take away what stood there before."""
        fs, _ = self._root()
        before = below(fs, target)
        files = {target: draft}
        if draft.is_dir():
            files = {
                f"{target}/{file.relative_to(draft).as_posix()}": file
                for file in sorted(draft.rglob("*"))
                if file.is_file()
            }
        if before and (target in before) == draft.is_dir():
            clear(fs, before, target)  # no file system has a file and a folder of one name
            before = {}
        try:
            for name, file in files.items():
                fs.makedirs(fs._parent(name), exist_ok=True)
                fs.put_file(str(file), name)
        except BaseException:
            for name in files.keys() - before.keys():
                with suppress(Exception):
                    fs.rm_file(name)
            raise
        for name in before.keys() - files.keys():
            fs.rm_file(name)


class RemoteArtifacts:
    """The files of one run; see `store.base.ArtifactFolder`."""

    def __init__(self, fs: Any, home: str, id: str, cache: Path) -> None:
        self._fs = fs
        self._home = home
        self._id = id
        self._cache = cache

    def __iter__(self) -> Iterator[str]:
        names = (name[len(self._home) + 1 :] for name in below(self._fs, self._home))
        return iter(sorted(name for name in names if not name.startswith(f"{NESTED}/")))

    def entries(self, path: str = "") -> list[Entry]:
        folder = self._place(path) if path else self._home
        self._fs.invalidate_cache()
        try:
            inside = self._fs.ls(folder, detail=True)
        except (FileNotFoundError, NotADirectoryError):
            return []
        found = (self._entry(info) for info in inside if _name(info) != folder)
        return sorted(entry for entry in found if entry.path != NESTED)

    def open(self, name: str) -> BinaryIO:
        place = self._place(name)
        if not self._fs.isfile(place):
            raise ArtifactNotFound(f"run {self._id} has no artifact {name!r} that is a file")
        file: BinaryIO = self._fs.open(place, "rb")
        return file

    def path(self, name: str) -> Path:
        place = self._place(name)
        found = below(self._fs, place)
        if not found:
            raise ArtifactNotFound(f"run {self._id} has no artifact {name!r}")
        folder = self._cache / hashlib.blake2b(repr((place, found)).encode(), digest_size=16).hexdigest()
        local = folder / PurePosixPath(place).name
        if not local.exists():
            self._download(place, found, folder)
        return local

    def _place(self, name: str) -> str:
        return f"{self._home}/{inner_path(name)}"

    def _entry(self, info: dict[str, Any]) -> Entry:
        is_dir = info["type"] == "directory"
        return Entry(_name(info)[len(self._home) + 1 :], is_dir, 0 if is_dir else int(info["size"]))

    def _download(self, place: str, found: dict[str, dict[str, Any]], folder: Path) -> None:
        """Into the cache, where it appears when all of it is there."""
        draft = folder.with_name(f".{os.urandom(8).hex()}.part")
        try:
            for name, info in found.items():
                target = draft / PurePosixPath(place).name / name[len(place) + 1 :]
                target.parent.mkdir(parents=True, exist_ok=True)
                self._fs.get_file(name, str(target))
                if target.stat().st_size != info["size"]:
                    raise StoreUnavailable(
                        f"{name} arrived with {target.stat().st_size} of {info['size']} bytes"
                    )
            with suppress(OSError):  # another process was faster
                os.rename(draft, folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def below(fs: Any, place: str) -> dict[str, dict[str, Any]]:
    """The file at ``place``, or all files of the folder there, by their names."""
    fs.invalidate_cache()
    found = fs.find(place, detail=True)
    return {
        name: dict(sorted(found[name].items())) for name in sorted(found) if found[name]["type"] == "file"
    }


def clear(fs: Any, names: Iterable[str], folder: str) -> None:
    """Remove files, and the folder they were in."""
    for name in names:
        fs.rm_file(name)
    with suppress(OSError):  # object storage has no folders
        fs.rmdir(folder)


def _name(info: dict[str, Any]) -> str:
    return str(info["name"]).rstrip("/")
