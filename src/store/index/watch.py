"""Which log files may have something new, found out cheaply.

New run folders show in the time of change of the experiment's folder. Files of runs that
go on, that this process writes, or that changed lately are looked at each time. What can
change besides (somebody copies files into an old run's folder) is found by looking at
every folder, only so often that it takes at most a twentieth of the time. A writer that
joins an old run announces it, so that everybody looks at every folder once.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

from .ingest import is_log

ANNOUNCED = "joined"
"""A file of the store's own folder; its time of change says when a run was last joined."""

_SHARE = 0.05  # of the time, for looking at every folder
_UNSURE = 2_000_000_000  # ns; two changes closer than a file system's clock ticks look like one
_LATELY = 600.0  # seconds
_LATELY_MOST = 300  # folders

_Seen = tuple[int, int]  # size and inode of a file


class News(NamedTuple):
    """Paths relative to the store, with ``/``."""

    changed: list[str]  # files
    gone: list[str]  # run folders


class Watcher:
    """Remembers what a store's folders looked like; not safe for several threads at once."""

    def __init__(self, root: Path, read: Iterable[tuple[str, int, int]]) -> None:
        """``read``: path, offset and inode of each file that is indexed."""
        self._root = str(root)
        self._experiments: dict[str, set[str]] = {}  # with their run folders
        self._files: dict[str, dict[str, _Seen]] = {}  # by run folder
        self._times: dict[str, int | None] = {}  # of change, of folders, where they tell
        self._lately: dict[str, float] = {}
        self._next_full = 0.0
        self._announced: int | None = None
        for path, offset, inode in read:
            folder, _, name = path.rpartition("/")
            self._files_of(folder)[name] = (offset, inode)

    def look(self, lively: Collection[str]) -> News:
        """What is new since the last look; ``lively`` folders may change at any moment."""
        news = News([], [])
        known = set(self._files)
        self._look_for_folders(news)
        if self._full_look_is_due():
            began = time.monotonic()
            self._look_at(known & self._files.keys(), news)
            ended = time.monotonic()
            self._next_full = ended + (ended - began) * (1 / _SHARE - 1)
        else:
            self._look_at(known & self._files.keys() & {*lively, *self._recent()}, news)
        return news

    def _files_of(self, folder: str) -> dict[str, _Seen]:
        """What is known of a run folder, which is one of the store's from now on."""
        self._experiments.setdefault(folder.partition("/")[0], set()).add(folder)
        return self._files.setdefault(folder, {})

    def _full_look_is_due(self) -> bool:
        announced = self._changed_at(f".autolog/{ANNOUNCED}")
        heard = announced != self._announced
        self._announced = announced
        return heard or time.monotonic() >= self._next_full

    def _recent(self) -> list[str]:
        """Folders that changed lately, as many as are cheap to look at."""
        oldest = time.monotonic() - _LATELY
        recent = [(when, folder) for folder, when in self._lately.items() if when > oldest]
        self._lately = {folder: when for when, folder in sorted(recent)[-_LATELY_MOST:]}
        return list(self._lately)

    def _look_for_folders(self, news: News) -> None:
        """Run folders that came or went."""
        if (names := self._entries("")) is not None:
            for name in self._experiments.keys() - names:
                self._lose(self._experiments.pop(name), news)
            for name in names:
                self._experiments.setdefault(name, set())
        for experiment, known in self._experiments.items():
            if (names := self._entries(experiment)) is not None:
                found = {f"{experiment}/{name}" for name in names}
                self._lose(known - found, news)
                self._look_at(found - known, news)

    def _entries(self, folder: str) -> set[str] | None:
        """The names of the folders in a folder; None when nothing came or went."""
        if not self._has_changed(folder):
            return None
        try:
            with os.scandir(f"{self._root}/{folder}") as entries:
                return {e.name for e in entries if not e.name.startswith(".") and e.is_dir()}
        except OSError:
            return set()

    def _look_at(self, folders: Iterable[str], news: News) -> None:
        for folder in folders:
            known = self._files_of(folder)
            if self._has_changed(folder):
                try:
                    names = [name for name in os.listdir(f"{self._root}/{folder}") if is_log(name)]
                except OSError:
                    self._lose([folder], news)
                    continue
                if known.keys() - names:
                    news.gone.append(folder)  # a file less: its events must go
            else:
                names = list(known)
            self._files[folder] = self._look_at_files(folder, names, known, news)

    def _look_at_files(
        self, folder: str, names: list[str], known: dict[str, _Seen], news: News
    ) -> dict[str, _Seen]:
        seen = {}
        for name in names:
            path = f"{folder}/{name}"
            try:
                status = os.stat(f"{self._root}/{path}")
            except OSError:
                continue
            seen[name] = (status.st_size, status.st_ino)
            if seen[name] != known.get(name):
                news.changed.append(path)
                self._lately[folder] = time.monotonic()
        return seen

    def _lose(self, folders: Iterable[str], news: News) -> None:
        for folder in list(folders):
            self._experiments.get(folder.partition("/")[0], set()).discard(folder)
            self._times.pop(folder, None)
            self._files.pop(folder)
            news.gone.append(folder)

    def _has_changed(self, folder: str) -> bool:
        """Whether something came or went in a folder since it was last asked."""
        now = self._changed_at(folder)
        before = self._times.get(folder)
        tells = now is not None and time.time_ns() - now > _UNSURE
        self._times[folder] = now if tells else None
        return before is None or now != before

    def _changed_at(self, path: str) -> int | None:
        try:
            return os.stat(f"{self._root}/{path}").st_mtime_ns
        except OSError:
            return None
