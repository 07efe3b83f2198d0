"""A progress bar on the standard error of a terminal; nothing of it elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

_PATIENCE = 2.0
"""Seconds of work before the bar appears."""


class Bar:
    """How much is done. Without a terminal it counts for nobody."""

    def __init__(self, shown: Progress | None, what: str, total: int | None) -> None:
        self._shown = shown
        self._since = time.monotonic()
        self._task = None if shown is None else shown.add_task(what, total=total)

    def step(self, count: int = 1) -> None:
        if self._shown is None or self._task is None:
            return
        if not self._shown.live.is_started and time.monotonic() - self._since > _PATIENCE:
            self._shown.start()
        self._shown.advance(self._task, count)

    def begin(self, done: int, total: int | None) -> None:
        """What was done before, and how much there is, where that is known late."""
        if self._shown is not None and self._task is not None:
            self._shown.update(self._task, completed=done, total=total)


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Bar]:
    """A bar that counts ``what`` (a plural), from when the work has taken two seconds."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield Bar(None, what, total)  # a Progress that is disabled writes an empty line (rich before 14.3)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    shown = Progress(*columns, console=console, transient=True)
    try:
        yield Bar(shown, what, total)
    finally:
        shown.stop()
