"""What is wrong with a store, and what can be done about it.

Everything here reads the log files themselves. Nothing is changed unless asked for, and a
damaged line is moved aside, never thrown away.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from .events import VERSION, End, Header
from .files import entries, remove, visible
from .gc import trash
from .log import now
from .reading import Line, log_files, read_header, read_lines, run_folders
from .rewriting import rewrite
from .survey import RunFacts, at_work, is_alive, survey
from .writer import is_draft

if TYPE_CHECKING:
    from .folder import FolderStore

Kind = Literal["damaged line", "newer format", "stale run", "orphan", "leftover", "index", "double version"]
Remedy = Literal["repair", "close", ""]

_EXCERPT = 60


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong. ``place`` is a path in the store, or a run's id.

    ``remedy`` says what `mend` would do: ``repair`` it, ``close`` the run, or nothing.
    """

    kind: Kind
    place: str
    what: str
    remedy: Remedy = ""


class Doctor:
    """Examines one folder store and mends what it is told to."""

    def __init__(self, store: FolderStore) -> None:
        self._store = store
        self._root = store.path

    def examine(self) -> Iterator[Problem]:
        """Everything that is wrong: the index, file by file, run by run; experiments and models."""
        yield from self._broken_index()  # before anything reads it, which builds it again
        runs: dict[str, RunFacts] = {}
        for folder in run_folders(self._root):
            for file in log_files(folder):
                yield from self._file(file)
            runs.update(survey(folder))
            yield from self._drafts(folder)
        yield from map(self._leftover, _entries(trash(self._store)))
        yield from _orphans(runs)
        yield from self._stale(runs)
        yield from self._experiments()
        yield from self._models()

    def mend(self, problem: Problem) -> bool:
        """Whether the problem is gone now. Raises OSError where the store cannot be written."""
        if problem.remedy == "close":
            self._close(problem)
        elif problem.remedy == "repair" and problem.kind == "damaged line":
            self._set_aside(self._root / problem.place)
        elif problem.kind == "double version":
            from .registry.checkup import renumber

            renumber(self._root / problem.place)
        elif problem.remedy == "repair":
            remove(self._root / problem.place)
        return problem.remedy != ""

    def _file(self, file: Path) -> Iterator[Problem]:
        place = str(file.relative_to(self._root))
        header = read_header(file)
        if header is not None and header.autolog > VERSION:
            what = f"format {header.autolog} was written by a newer autolog; this one reads up to {VERSION}"
            yield Problem("newer format", place, what)
            return
        remedy: Remedy = "" if header is None or is_alive(header, self._store.live_folder) else "repair"
        for line in read_lines(file):
            if line.damaged:
                yield Problem("damaged line", place, f"line {line.number}: {_excerpt(line)}", remedy)

    def _drafts(self, folder: Path) -> Iterator[Problem]:
        """Artifacts that nobody is writing any more."""
        headers = filter(None, map(read_header, log_files(folder)))
        if any(is_alive(header, self._store.live_folder) for header in headers):
            return
        for parent, folders, files in os.walk(folder):
            drafts = [name for name in (*folders, *files) if is_draft(name)]
            folders[:] = [name for name in folders if name not in drafts]
            yield from (self._leftover(Path(parent, name)) for name in drafts)

    def _leftover(self, path: Path) -> Problem:
        place = str(path.relative_to(self._root))
        return Problem("leftover", place, "was never finished, or never wholly removed", "repair")

    def _stale(self, runs: Mapping[str, RunFacts]) -> Iterator[Problem]:
        for run in self._store.search("stale = true"):
            what = _gone(runs[run.id].writers if run.id in runs else ())
            yield Problem("stale run", run.id, what, "close")

    def _experiments(self) -> Iterator[Problem]:
        notes = self._store.experiments_folder
        for folder in visible(notes):
            for file in log_files(Path(folder.path)):
                yield from self._file(file)
        drafts = (Path(entry.path) for entry in entries(notes) if is_draft(entry.name))
        yield from (self._leftover(draft) for draft in drafts if not at_work(draft, self._store.live_folder))

    def _models(self) -> Iterator[Problem]:
        from .registry.checkup import Checkup

        registry = Checkup(self._store, self._store.registry_folder)
        for file in registry.files():
            yield from self._file(file)
        yield from map(self._leftover, registry.leftovers())
        yield from registry.problems()

    def _broken_index(self) -> Iterator[Problem]:
        from .index.database import location

        index = location(self._root)
        if index is not None and index.exists() and not _is_sound(index):
            what = "cannot be read; it holds nothing that the log files do not hold"
            yield Problem("index", os.path.relpath(index, self._root), what, "repair")

    def _close(self, problem: Problem) -> None:
        """It ended, as far as anybody can know, when the last line was written in its folder."""
        folder = self._store.folder_of(problem.place)
        last = max((file.stat().st_mtime_ns // 1_000_000 for file in log_files(folder)), default=now())
        writer = self._store.join(problem.place)
        writer.write(End(run=0, time=last, status="KILLED", error=problem.what))
        writer.close()

    def _set_aside(self, file: Path) -> None:
        """Damaged lines go to a file beside the log, which readers do not look at."""
        damaged = [line.raw for line in read_lines(file) if line.damaged]
        if not damaged:  # an earlier problem in the same file was mended, and this one with it
            return
        with open(file.with_suffix(".damaged"), "ab") as aside:
            aside.writelines(damaged)
            aside.flush()
            os.fsync(aside.fileno())
        rewrite(file, lambda line: not line.damaged)
        self._store.announce()


def _orphans(runs: Mapping[str, RunFacts]) -> Iterator[Problem]:
    for run in runs.values():
        if run.start_time is None:
            yield Problem("orphan", run.id, "the file that says how it began is missing")
        elif run.parent is not None and run.parent not in runs:
            yield Problem("orphan", run.id, f"is nested in run {run.parent}, which is not in this store")


def _gone(writers: Sequence[Header]) -> str:
    """Who it was, as the error of a run that is closed for it."""
    if not writers:
        return "its process is gone"
    return f"process {writers[0].pid} on {writers[0].host} is gone"


def _excerpt(line: Line) -> str:
    """The beginning of a line that may hold anything."""
    return repr(line.raw[:_EXCERPT])[1:] + ("…" if len(line.raw) > _EXCERPT else "")


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _is_sound(index: Path) -> bool:
    try:
        with closing(sqlite3.connect(f"file:{index}?mode=ro", uri=True)) as connection:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except sqlite3.OperationalError:  # in use
        return True
    except sqlite3.DatabaseError:
        return False
