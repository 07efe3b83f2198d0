"""Checkpoints: kept with the run, and the way back from a checkpoint to its run.

Nothing is written into a checkpoint. The run has the marks of the files that it saved,
made of size and time of change; so a checkpoint is known again when it was moved, and a
file that was overwritten is not taken for the one before.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from hashlib import blake2s
from pathlib import Path
from typing import Any

from ...tracking.active import active_settings
from ...tracking.context import current
from ...tracking.opening import open_again, store_of
from ...tracking.runs import ActiveRun
from ..sink import Log
from .facts import numbered

TAG = "autolog.checkpoints"
_MARKS = 50  # the newest ones are remembered
_LARGE = 32 * 2**20  # bytes; smaller files are copied


class Checkpoints:
    """Notes each checkpoint that is saved."""

    def __init__(self, trainer: Any, log: Log) -> None:
        self._log = log
        self._marks = _marks_of(log.run) if trainer.ckpt_path else []

    def __call__(self, filepath: Any, *args: Any, **kwargs: Any) -> None:
        if current().suppressed:  # the tuner's own, to be removed soon
            return
        self._marks = [*self._marks, mark(filepath)][-_MARKS:]
        self._log.tags({TAG: " ".join(self._marks)})


def keep(callbacks: Sequence[Any], log: Log) -> None:
    """The best and the last checkpoint that ModelCheckpoints saved, as files of the run."""
    if not (log.settings.models and log.settings.wants("artifacts", "checkpoints")):
        return
    for suffix, callback in numbered("", callbacks):
        for which in ("best", "last"):
            path = getattr(callback, f"{which}_model_path", "")
            if path and os.path.isfile(path):
                with log.artifact(f"checkpoints/{which}{suffix}.ckpt") as target:
                    place(Path(path), target, rewritten=which == "last")


def mark(path: Any) -> str:
    """A short text that this file, as it is now, is known by."""
    try:
        state = os.stat(path)
        known = f"{state.st_size} {state.st_mtime_ns}" if os.path.isfile(path) else str(path)
    except OSError:  # not a local one
        known = str(path)
    return blake2s(known.encode(), digest_size=6).hexdigest()


def resumed(trainer: Any, ckpt_path: Any) -> ActiveRun | None:
    """The run that saved the checkpoint a fit starts from, opened again.

    None when no run is known to have, or when that one is still going on.
    """
    path = _path(trainer, ckpt_path)
    if path is None:
        return None
    settings = active_settings()
    known = store_of(settings).search(
        f"tags.`{TAG}` like '%{mark(path)}%'", order_by=["start_time desc"], limit=1
    )
    if not known or (known[0].status == "RUNNING" and not known[0].stale):
        return None
    return open_again(settings, known[0].id, fits=settings.fits)


def _path(trainer: Any, ckpt_path: Any) -> Any:
    """The file that is meant by ``ckpt_path``, also by "last" and "best"."""
    if ckpt_path == "best":
        return getattr(trainer.checkpoint_callback, "best_model_path", None) or None
    if ckpt_path != "last":
        return ckpt_path
    found = [
        path
        for callback in trainer.checkpoint_callbacks
        if hasattr(callback, "_find_last_checkpoints")
        for path in callback._find_last_checkpoints(trainer)
        if os.path.isfile(path)
    ]
    return max(found, key=os.path.getmtime, default=None)


def _marks_of(run: ActiveRun | None) -> list[str]:
    if run is None or run.store is None:
        return []
    return run.store.get(run.id).tags.get(TAG, "").split()


def place(source: Path, target: Path, *, rewritten: bool) -> None:
    """``source`` as ``target``, without a copy where that is safe.

    A clone shares its blocks until one of the two files changes. A hard link is the same
    file: only for one that Lightning does not write again in place.
    """
    source = source.resolve() if source.is_symlink() else source
    if source.stat().st_size >= _LARGE and (
        _cloned(source, target) or (not rewritten and _linked(source, target))
    ):
        return
    shutil.copy2(source, target)  # with its time of change: the copy is known as well


def _cloned(source: Path, target: Path) -> bool:
    """A copy on write, where the file system can do that (Btrfs, XFS, …)."""
    try:
        import fcntl

        with open(source, "rb") as old, open(target, "wb") as new:
            fcntl.ioctl(new.fileno(), 0x40049409, old.fileno())  # FICLONE
        shutil.copystat(source, target)
        return True
    except (ImportError, OSError):
        target.unlink(missing_ok=True)
        return False


def _linked(source: Path, target: Path) -> bool:
    try:
        os.link(source, target)
        return True
    except OSError:
        return False
