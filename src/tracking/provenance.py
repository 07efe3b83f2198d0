"""Where a run comes from: script, code, environment. Recorded once for each top-level run.

Looked up once for each process: what is loaded does not change. What needs a `git`
process (is the tree dirty, and how) is found by a thread while the training goes on, and
added to the runs that began meanwhile, even to those that have ended.
"""

from __future__ import annotations

import atexit
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from .contain import contained
from .values import json_text

if TYPE_CHECKING:
    from .git import Changes
    from .runs import ActiveRun
    from .settings import Settings

PATIENCE = 2.0  # seconds that the exit of the process waits for git


class _Provenance:
    """What is known about this process."""

    def __init__(self, settings: Settings) -> None:
        from .environment import capture

        self.environment = capture(settings)
        self._facts = json_text(self.environment.facts)
        self._git = _Git(self.environment.git_top) if self.environment.git_top else None

    def record(self, run: ActiveRun, settings: Settings) -> None:
        run.set_tags({**self.environment.tags, **settings.tags})
        if settings.wants("artifacts", "environment.json"):
            run.log_text(self._facts, "environment.json")
        if self._git is not None and settings.wants("artifacts", "git.diff"):
            self._git.tell(run)


class _Git:
    """The changes in a working tree, told to each run as soon as they are known."""

    def __init__(self, top: Path) -> None:
        self._top = top
        self._lock = threading.Lock()
        self._waiting: list[ActiveRun] = []
        self._known = False
        self._changes: Changes | None = None
        self._thread = threading.Thread(target=self._ask, name="autolog-git", daemon=True)
        self._thread.start()
        atexit.register(self._thread.join, PATIENCE)

    def tell(self, run: ActiveRun) -> None:
        with self._lock:
            if not self._known:
                self._waiting.append(run)
                return
        _record_changes(self._changes, run)

    def _ask(self) -> None:
        from .git import git_changes

        with contained("asking git for changes"):
            self._changes = git_changes(self._top)
        with self._lock:
            self._known = True
        for run in self._waiting:
            with contained("recording what git says"):
                _record_changes(self._changes, run)
        self._waiting.clear()


def _record_changes(changes: Changes | None, run: ActiveRun) -> None:
    """Whether the working tree is dirty, and the difference as ``git.diff``."""
    if changes is None:
        return
    run.set_tag("autolog.git.dirty", str(changes.dirty).lower())
    if changes.diff:
        run.log_text(changes.diff, "git.diff")


_provenance: _Provenance | None = None


def record_environment(run: ActiveRun, settings: Settings) -> None:
    """Tags and ``environment.json`` now, ``git.diff`` when it is known."""
    global _provenance
    with contained("recording the environment"):
        if _provenance is None:
            _provenance = _Provenance(settings)
        _provenance.record(run, settings)


def _after_fork() -> None:
    global _provenance
    _provenance = None


os.register_at_fork(after_in_child=_after_fork)
