"""Freeing the bytes of deleted runs.

A run at the top goes with its whole folder. Of a nested run the files go, and its events
are written out of the log files, unless a process that wrote some of them still lives: that
would go on writing into the old file. Nothing is freed of a run that is still running, nor
of one that a version of a registered model is kept in.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .events import VERSION, Header, Join, Start
from .files import remove
from .reading import Line, log_files, read_header, read_lines, run_folders
from .registry.sources import run_source
from .rewriting import rewrite
from .sharing import bytes_freed, tidy
from .survey import RunFacts, below, is_alive, survey
from .writer import artifact_home

if TYPE_CHECKING:
    from .folder import FolderStore

_MARK = b'"delete"'


@dataclass(frozen=True)
class Freed:
    """What was freed of one folder, or would be."""

    runs: int = 0
    bytes: int = 0
    kept: tuple[str, ...] = ()
    """Why something was left, a sentence each."""


@dataclass(frozen=True)
class _Plan:
    """What goes: ``folder`` as a whole, or some artifacts and the events of some runs."""

    folder: Path
    runs: frozenset[str]
    whole: bool = False
    artifacts: tuple[Path, ...] = ()
    events: frozenset[str] = frozenset()
    kept: tuple[str, ...] = ()


def collect(store: FolderStore, *, before: int, dry_run: bool = False) -> Iterator[Freed]:
    """Free what was deleted until ``before`` (milliseconds), folder by folder.

    Raises OSError when a file cannot be removed; what was freed until then stays freed.
    """
    if not dry_run:
        remove(trash(store))  # left by a collection that was interrupted
    gone = Counter[tuple[int, int]]()
    for folder in filter(_mentions_deletion, run_folders(store.path)):
        runs = survey(folder)
        chosen = _deleted(runs, before)
        if chosen and not all(map(_is_readable, log_files(folder))):
            yield Freed(kept=(f"{folder} stays: one of its log files cannot be read",))
        elif chosen:
            plan = _plan(
                folder, runs, chosen, lambda writer: is_alive(writer, store.live_folder), _needed(store)
            )
            yield _estimate(plan, gone) if dry_run else _free(plan, store)
    if not dry_run:
        tidy(store.path)


def trash(store: FolderStore) -> Path:
    """Where folders are moved before they are removed: they are gone at once, or not at all."""
    return store.live_folder.parent / "trash"


def _mentions_deletion(folder: Path) -> bool:
    """Most folders do not; looking at bytes is much faster than reading events."""
    return any(map(_says_deleted, log_files(folder)))


def _is_readable(file: Path) -> bool:
    """What cannot be read may hold a run that is not deleted."""
    header = read_header(file)
    return header is not None and header.autolog <= VERSION


def _deleted(runs: Mapping[str, RunFacts], before: int) -> set[str]:
    """Deleted long enough ago, with all that is nested in them."""
    return below(runs, {run.id for run in runs.values() if run.deleted is not None and run.deleted <= before})


def _plan(
    folder: Path,
    runs: Mapping[str, RunFacts],
    chosen: set[str],
    alive: Callable[[Header], bool],
    needed: Mapping[str, str],
) -> _Plan:
    running = {id for id in chosen if runs[id].end is None and any(map(alive, runs[id].writers))}
    registered = chosen & needed.keys()
    highest = {id for id, run in runs.items() if run.parent not in runs}
    if highest <= chosen and all(_is_at_the_top(runs[id]) for id in highest):
        if not running and not registered:
            return _Plan(folder, frozenset(chosen), whole=True)
        if running:
            chosen = set()
    free = chosen - running - _with_those_above(runs, registered)
    quiet = frozenset(id for id in free if not any(map(alive, runs[id].writers)))
    homes = {id: home for id in sorted(free) if (home := artifact_home(folder, id)).exists()}
    return _Plan(
        folder,
        quiet | set(homes),
        artifacts=tuple(homes.values()),
        events=quiet,
        kept=(
            *(f"run {id} is still running" for id in sorted(running)),
            *(f"run {id} holds the model of {needed[id]}" for id in sorted(registered)),
            *(f"run {id}: its events stay until its process ends" for id in sorted(free - quiet)),
        ),
    )


def _needed(store: FolderStore) -> dict[str, str]:
    """Runs that versions of registered models are kept in, and a version of each.

    Asked after the run was found deleted: a deleted run is not registered any more.
    """
    registry = store.registry
    versions = (version for model in registry.search() for version in registry.versions(model.name))
    sources = ((run_source(version.source), version) for version in versions)
    return {source.run_id: f"models:/{v.name}/{v.version}" for source, v in sources if source is not None}


def _with_those_above(runs: Mapping[str, RunFacts], ids: Collection[str]) -> set[str]:
    """Some runs, and all that they are nested in."""
    found: set[str] = set()
    for id in ids:
        run = runs.get(id)
        while run is not None and run.id not in found:
            found.add(run.id)
            run = runs.get(run.parent or "")
    return found


def _is_at_the_top(run: RunFacts) -> bool:
    """Otherwise it is nested in a run whose beginning is missing, but maybe not its artifacts."""
    return run.parent is None and run.start_time is not None


def _estimate(plan: _Plan, gone: Counter[tuple[int, int]]) -> Freed:
    """``gone``: what would be removed with other folders."""
    if plan.whole:
        return Freed(len(plan.runs), bytes_freed([plan.folder], gone))
    events = sum(len(line.raw) for file in log_files(plan.folder) for line in _lines_of(file, plan.events))
    return Freed(len(plan.runs), events + bytes_freed(plan.artifacts, gone), plan.kept)


def _free(plan: _Plan, store: FolderStore) -> Freed:
    freed = bytes_freed([plan.folder] if plan.whole else plan.artifacts, Counter())
    if plan.whole:
        _remove_at_once(plan.folder, trash(store))
        return Freed(len(plan.runs), freed)
    for home in plan.artifacts:
        shutil.rmtree(home)
    # The files that say "deleted" last: a run must not come back when this is interrupted.
    for file in sorted(log_files(plan.folder), key=_says_deleted):
        freed += _take_out(file, {line.number for line in _lines_of(file, plan.events)})
    store.announce()
    return Freed(len(plan.runs), freed, plan.kept)


def _take_out(file: Path, numbers: Collection[int]) -> int:
    return rewrite(file, lambda line: line.number not in numbers) if numbers else 0


def _says_deleted(file: Path) -> bool:
    with open(file, "rb") as lines:
        return any(_MARK in line for line in lines)


def _lines_of(file: Path, runs: Collection[str]) -> Iterator[Line]:
    """The lines in ``file`` that belong to ``runs``."""
    aliases: set[int] = set()
    for line in read_lines(file):
        event = line.content
        if isinstance(event, Start | Join) and event.id in runs:
            aliases.add(event.run)
        if line.number > 1 and line.alias in aliases:
            yield line


def _remove_at_once(folder: Path, trash: Path) -> None:
    trash.mkdir(parents=True, exist_ok=True)
    os.replace(folder, trash / os.urandom(8).hex())
    remove(trash)
    with suppress(OSError):
        folder.parent.rmdir()  # the experiment, when this was its last run
