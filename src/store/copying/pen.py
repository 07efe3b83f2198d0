"""Writing into one run of the target, if there is anything to write."""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat
from pathlib import Path

from ..base import RunData, RunWriter
from ..events import Delete, Event, wire_number
from ..log import now
from ..points import Points
from .report import Report

_PIECE = 10_000
"""Points in one write."""


class Pen:
    """Opens the run's writer at the first word, and counts. ``dry``: does no more than count.

    ``used`` says whether there was anything to write.
    """

    def __init__(self, opened: Callable[[], RunWriter], report: Report, *, dry: bool) -> None:
        self.used = False
        self._opened = opened
        self._writer: RunWriter | None = None
        self._report = report
        self._dry = dry

    def begin(self) -> RunWriter | None:
        """The writer, even when there is nothing to write; None in a dry run."""
        self.used = True
        if self._writer is None and not self._dry:
            self._writer = self._opened()
        return self._writer

    def write(self, *events: Event) -> None:
        if events and (writer := self.begin()):
            writer.write(*events)

    def points(self, key: str, points: Points) -> None:
        """In pieces: a killed process goes on behind the last one."""
        for start in range(0, len(points), _PIECE):
            part = points[start : start + _PIECE]
            if writer := self.begin():
                values = map(wire_number, part.value)
                writer.points(zip(repeat(key), part.step, part.time, values, strict=False))
            self._report.points += len(part)

    def file(self, path: str, size: int, write: Callable[[Path], None]) -> None:
        if writer := self.begin():
            with writer.artifact(path) as target:
                write(target)
        self._report.files += 1
        self._report.bytes += size

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


def deleted(run: RunData, known: RunData | None, *, touched: bool) -> list[Event]:
    """Whether the run is deleted, said again where writing to it had to restore it."""
    there = known is not None and known.deleted and not touched
    return [] if run.deleted == there else [Delete(run=0, time=now(), deleted=run.deleted)]
