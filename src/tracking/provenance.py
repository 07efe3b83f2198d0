"""Where a run comes from: script, code, environment. Recorded once for each top-level run.

Looked up once for each process: what is loaded does not change. What needs a `git`
process (is the tree dirty, and how) is found by a thread while the training goes on.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from .contain import contained

if TYPE_CHECKING:
    from .environment import Environment
    from .git import Changes
    from .runs import ActiveRun
    from .settings import Settings

PATIENCE = 2.0  # seconds that the end of a run waits for git


class _Provenance:
    def __init__(self, settings: Settings) -> None:
        from .environment import capture

        self.environment: Environment = capture(settings)
        self.changes: Changes | None = None
        self._git = threading.Thread(target=self._ask_git, name="autolog-git", daemon=True)
        self._git.start()

    def _ask_git(self) -> None:
        from .git import git_changes

        with contained("asking git for changes"):
            self.changes = git_changes(Path.cwd())

    def wait_for_git(self) -> Changes | None:
        self._git.join(PATIENCE)
        return self.changes


_provenance: _Provenance | None = None


def record_environment(run: ActiveRun, settings: Settings) -> None:
    """Tags and ``environment.json``; what git says comes with the end of the run."""
    global _provenance
    with contained("recording the environment"):
        if _provenance is None:
            _provenance = _Provenance(settings)
        run.set_tags({**_provenance.environment.tags, **settings.tags})
        run.log_dict(_provenance.environment.facts, "environment.json")
        run.before_end(record_changes)


def record_changes(run: ActiveRun) -> None:
    """Whether the working tree was dirty, and the difference, as ``git.diff``."""
    changes = _provenance.wait_for_git() if _provenance is not None else None
    if changes is None:
        return
    run.set_tag("autolog.git.dirty", str(changes.dirty).lower())
    if changes.diff:
        run.log_text(changes.diff, "git.diff")


def _after_fork() -> None:
    global _provenance
    _provenance = None


os.register_at_fork(after_in_child=_after_fork)
