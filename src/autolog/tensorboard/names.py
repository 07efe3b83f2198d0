"""What things written for TensorBoard are called in the run."""

from __future__ import annotations

import os
from pathlib import PurePath
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from ..sink import Log

if TYPE_CHECKING:
    from ...tracking.runs import ActiveRun

_prefixes: WeakKeyDictionary[ActiveRun, dict[str, str]] = WeakKeyDictionary()
_LONGEST = 60  # characters of one part of a path


def prefix_of(log: Log, logdir: str) -> str:
    """What stands before the tags of the writer into this folder.

    Nothing for the first writer of a run. Each further one, such as one for validation,
    writes its own curves of the same tags: they get its folder's name, ``valid/loss``.
    """
    assert log.run is not None
    known = _prefixes.setdefault(log.run, {})
    if logdir not in known:
        known[logdir] = _free(known, f"{PurePath(logdir).name}/") if known else ""
        suffix = f".{known[logdir]}".rstrip("./")
        log.tags({f"tensorboard.logdir{suffix}": os.path.abspath(logdir)})
    return known[logdir]


def _free(known: dict[str, str], prefix: str) -> str:
    while prefix in known.values():
        prefix = f"{prefix[:-1]}'/"
    return prefix


def artifact_name(tag: str, step: int | None, suffix: str) -> str:
    """A path below ``tensorboard/`` for what was written under this tag at this step."""
    parts = [_safe(part) for part in tag.split("/") if part.strip(".")]
    number = "" if step is None else f"-{step}"
    return f"tensorboard/{'/'.join(parts) or 'untagged'}{number}{suffix}"


def _safe(part: str) -> str:
    return "".join(c if c.isalnum() or c in " ._-()" else "_" for c in part)[:_LONGEST]
