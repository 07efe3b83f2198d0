"""Where the program is: its working folder, and the repository around that."""

from __future__ import annotations

import os
from pathlib import Path


def working_folder() -> Path:
    """The current folder; also when it was deleted meanwhile, which `os.getcwd` refuses."""
    try:
        return Path.cwd()
    except OSError:
        return Path(os.environ.get("PWD") or os.sep)


def top_level(folder: Path) -> Path | None:
    """The nearest folder at or above ``folder`` that has a ``.git``, or None.

    In a worktree and in a submodule ``.git`` is a file; they have a top level of their own.
    """
    for candidate in (folder, *folder.parents):
        try:
            if (candidate / ".git").exists():
                return candidate
        except OSError:
            return None
    return None
