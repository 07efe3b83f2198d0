"""What a folder store's files say of its experiments."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ..changes import read
from ..files import entries, visible
from ..names import experiment_id, experiment_name
from ..reading import log_files
from .base import DEFAULT, Experiment
from .events import AnyChange, Create, Remove, Update, decode
from .names import unlike


class _Seen(NamedTuple):
    """What there is: when it is the same again, the files say the same."""

    folders: tuple[str, ...]
    files: tuple[tuple[str, int, int], ...]


class Reader:
    """Reads the experiments of a store anew when a file has changed. Safe for use from any thread."""

    def __init__(self, root: Path, notes: Path) -> None:
        self._root = root
        self._notes = notes
        self._holding: dict[str, int] = {}  # folders with runs: when they last changed
        self._last: tuple[_Seen | None, Mapping[str, Experiment]] = None, {}

    def read(self) -> Mapping[str, Experiment]:
        """Every experiment by its folder, no name twice."""
        noted = [entry.name for entry in visible(self._notes)]
        seen = _Seen(tuple(sorted({DEFAULT, *noted, *self._with_runs()})), tuple(self._files(noted)))
        before, known = self._last
        if seen != before:
            known = _named_apart(self._state(folder) for folder in seen.folders)
            self._last = seen, known
        return known

    def _with_runs(self) -> Iterator[str]:
        """The folders of the store in which there is a run."""
        for entry in visible(self._root):
            with suppress(FileNotFoundError):  # gone at this moment
                changed = entry.stat().st_mtime_ns
                if self._holding.get(entry.name) != changed:
                    if not _holds_run(entry.path):
                        continue
                    self._holding[entry.name] = changed
                yield entry.name

    def _files(self, folders: Iterable[str]) -> Iterator[tuple[str, int, int]]:
        for folder in sorted(folders):
            for file in sorted(entries(f"{self._notes}/{folder}"), key=lambda entry: entry.name):
                status = file.stat()
                yield file.path, status.st_size, status.st_mtime_ns

    def _state(self, folder: str) -> _State:
        state = _State(folder, experiment_name(folder))
        changes = (change for file in log_files(self._notes / folder) for change in read(file, decode))
        for change in sorted(changes, key=lambda change: change.time):
            state.apply(change)
        return state


@dataclass
class _State:
    """An experiment as the sum of its changes; ``since`` is when it took its name, 0 for its folder's."""

    folder: str
    name: str
    since: int = 0
    created: int | None = None
    updated: int | None = None
    deleted: bool = False
    tags: dict[str, str] = field(default_factory=dict)

    def apply(self, change: AnyChange) -> None:
        match change:
            case Create():
                self.created = change.time if self.created is None else self.created
                self._call(change.name, change.time)
                self.tags |= change.tags
            case Update():
                if change.name is not None:
                    self._call(change.name, change.time)
                tags: dict[str, str | None] = {**self.tags, **change.tags}
                self.tags = {key: value for key, value in tags.items() if value is not None}
            case Remove():
                self.deleted = change.removed
        self.updated = change.time

    def _call(self, name: str, time: int) -> None:
        self.name, self.since = name, 0 if name == experiment_name(self.folder) else time

    def experiment(self, name: str) -> Experiment:
        id = experiment_id(self.folder)
        return Experiment(id, name, self.created, self.updated, self.deleted, self.tags)


def _named_apart(states: Iterable[_State]) -> dict[str, Experiment]:
    """By folder. Where two took one name (stores were merged), the later one is shown as another."""
    found: dict[str, Experiment] = {}
    names: set[str] = set()
    for state in sorted(states, key=lambda state: (state.since, state.folder)):
        name = state.name if state.name not in names else unlike(state.name, names)
        names.add(name)
        found[state.folder] = state.experiment(name)
    return found


def _holds_run(experiment: str) -> bool:
    """Whether there is a run in the folder; of many only the first is looked at."""
    with os.scandir(experiment) as found:
        return any(log_files(Path(entry.path)) for entry in found if not entry.name.startswith("."))
