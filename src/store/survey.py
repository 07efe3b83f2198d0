"""What the log files of one run folder say about its runs, without any index."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from .events import Delete, End, Event, Header, Join, Start
from .log import process_birth
from .reading import EVENTS, log_files, read_header, read_lines

SILENT = 300.0
"""Seconds without a sign of life after which a process on another machine counts as gone."""


@dataclass(frozen=True)
class RunFacts:
    """One run as the log has it. Times are milliseconds.

    ``changed`` is when it was last begun, resumed or ended, ``deleted`` when it was deleted;
    None for a run that is not. ``writers`` are the processes that began it or added to it.
    """

    id: str
    parent: str | None = None
    name: str = ""
    start_time: int | None = None
    changed: int = 0
    end: End | None = None
    marked: int = 0
    deleted: int | None = None
    writers: tuple[Header, ...] = ()


def survey(folder: Path) -> Mapping[str, RunFacts]:
    """All runs in ``folder``, by their id: the one at the top and those nested in it."""
    runs: dict[str, RunFacts] = {}
    for file in log_files(folder):
        header = read_header(file)
        if header is not None:
            _read(file, header, runs)
    return runs


def _read(file: Path, header: Header, runs: dict[str, RunFacts]) -> None:
    ids: dict[int, str] = {}
    for line in read_lines(file, points=False):
        event = line.content
        if isinstance(event, Start | Join):
            ids[event.run] = event.id
            known = runs.get(event.id, RunFacts(event.id))
            runs[event.id] = replace(known, writers=(*known.writers, header))
        if isinstance(event, Event) and event.run in ids:
            id = ids[event.run]
            runs[id] = _after(runs[id], event)


def _after(run: RunFacts, event: Event) -> RunFacts:
    """The run when ``event`` is known too. Of two that contradict, the later one holds."""
    if isinstance(event, Start):
        return _started(run, event)
    if isinstance(event, Delete) and event.time >= run.marked:
        return replace(run, marked=event.time, deleted=event.time if event.deleted else None)
    if event.time >= run.changed and (isinstance(event, End) or (isinstance(event, Join) and event.resumed)):
        return replace(run, changed=event.time, end=event if isinstance(event, End) else None)
    return run


def _started(run: RunFacts, event: Start) -> RunFacts:
    if run.start_time is not None and run.start_time <= event.time:
        return run
    return replace(run, parent=event.parent, name=event.name or "", start_time=event.time)


def below(runs: Mapping[str, RunFacts], chosen: set[str]) -> set[str]:
    """``chosen`` and all that is nested in them."""
    found = set(chosen)
    while grown := {run.id for run in runs.values() if run.parent in found} - found:
        found |= grown
    return found


def is_alive(writer: Header, live_folder: Path) -> bool:
    """Whether the process still runs. On another machine: whether it gave a sign lately."""
    if writer.host == os.uname().nodename:
        return process_birth(writer.pid) == writer.born if writer.born else _exists(writer.pid)
    try:
        return time.time() - (live_folder / writer.writer).stat().st_mtime < SILENT
    except OSError:
        return False


def at_work(draft: Path, live_folder: Path) -> bool:
    """Whether somebody still writes a folder, which has a log file of theirs in it."""
    headers = map(read_header, draft.rglob(EVENTS))
    return any(header is not None and is_alive(header, live_folder) for header in headers)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
