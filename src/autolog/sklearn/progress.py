"""The line that says how far a search is: ``trials 37/200 · best 0.947 · 0:12 left``."""

from __future__ import annotations

import math
import sys
import time
from typing import TextIO

_PAUSE = 0.2  # seconds between two pictures of the line


class ProgressLine:
    """One line on standard error that is drawn over and over, and wiped at the end.

    ``stream`` is a terminal. Not safe for several threads at once: its caller holds a lock.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._began = time.monotonic()
        self._drawn_at = -math.inf
        self._width = 0

    def due(self) -> bool:
        """Whether the picture is old enough for a new one."""
        return time.monotonic() - self._drawn_at >= _PAUSE

    def show(self, trials: tuple[int, int], folds: tuple[int, int], best: float | None) -> None:
        """``trials`` and ``folds`` are (done, all)."""
        self._drawn_at = time.monotonic()
        self._draw(text(trials, folds, best, self._drawn_at - self._began))

    def wipe(self) -> None:
        if self._width:
            self._draw("")
            self._width = 0

    def _draw(self, line: str) -> None:
        blank = " " * max(0, self._width - len(line))
        try:
            self._stream.write(f"\r{line}{blank}" + ("" if line else "\r"))
            self._stream.flush()
        except (OSError, ValueError):  # the terminal is gone; the search goes on
            return
        self._width = len(line)


def text(trials: tuple[int, int], folds: tuple[int, int], best: float | None, elapsed: float) -> str:
    """The line itself. ``elapsed`` is in seconds."""
    parts = [f"trials {trials[0]:,}/{trials[1]:,}"]
    if best is not None:
        parts.append(f"best {best:.4g}")
    done, everything = folds
    if done:
        parts.append(f"{_clock(elapsed / done * (everything - done))} left")
    return " · ".join(parts)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(math.ceil(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def terminal() -> TextIO | None:
    """Standard error, if it is a terminal."""
    stream = sys.stderr
    try:
        return stream if stream is not None and stream.isatty() else None
    except Exception:  # noqa: BLE001  somebody's own object stands in its place
        return None
