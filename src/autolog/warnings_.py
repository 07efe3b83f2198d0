"""Warnings that are shown during a recorded fit, kept with its run.

``warnings._showwarnmsg`` is what every warning that passes the filters goes through, also
inside ``catch_warnings(record=True)`` and under pytest, which replace what comes after it.
`watching` stands in its place and passes everything on.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from ..tracking.contain import contained
from ..tracking.context import current
from ..tracking.redact import redact_text

MOST = 20
"""Different warnings kept for a run; more are only counted."""

_quiet: ContextVar[bool] = ContextVar("autolog_quiet", default=False)
_open: dict[str, Heard] = {}
_watchers = 0
_original: Any = None


class Heard:
    """The warnings of one fit."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._counts.total()

    def add(self, message: Any) -> None:
        line = f"{message.filename}:{message.lineno}: {message.category.__name__}: {message.message}"
        self._counts[line if line in self._counts or len(self._counts) < MOST else "further warnings"] += 1

    def text(self) -> str:
        lines = (f"{line} ({n} times)" if n > 1 else line for line, n in self._counts.items())
        return redact_text("\n".join(lines) + "\n")


@contextmanager
def heard(run_id: str | None) -> Iterator[Heard]:
    """What is warned of in this run, by any thread of this process, during the block."""
    listener = Heard()
    if run_id is None:
        yield listener
        return
    _open[run_id] = listener
    try:
        yield listener
    finally:
        _open.pop(run_id, None)


@contextmanager
def unheard() -> Iterator[None]:
    """Warnings in the block, by this thread, reach nobody: it was not the user who asked."""
    token = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(token)


@contextmanager
def watching() -> Iterator[None]:
    """While this is on, `heard` hears, and `unheard` is not heard. Several patchers may turn it on."""
    global _watchers, _original
    module: Any = warnings
    if not _watchers:
        _original = module._showwarnmsg
        module._showwarnmsg = _observing(_original)
    ours = module._showwarnmsg
    _watchers += 1
    try:
        yield
    finally:
        _watchers -= 1
        if not _watchers and module._showwarnmsg is ours:
            module._showwarnmsg = _original


def _observing(show: Callable[[Any], None]) -> Callable[[Any], None]:
    def _showwarnmsg(message: Any) -> None:
        if _quiet.get():
            return
        with contained("keeping a warning"):
            run = current().run
            while run is not None and run.id not in _open:  # the trials of a search are part of its fit
                run = run.parent
            if run is not None:
                _open[run.id].add(message)
        show(message)

    return _showwarnmsg
