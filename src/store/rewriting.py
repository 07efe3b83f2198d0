"""Writing lines out of a log file whose process is gone: all or nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from .reading import Line, read_lines


def rewrite(file: Path, keep: Callable[[Line], bool]) -> int:
    """Leave only the lines to ``keep`` in ``file``; returns the bytes that this frees.

    The other lines stay as they are, byte by byte. A file with nothing left but its first
    line is removed. Nobody may be writing to it: what came in meanwhile would be lost.
    """
    before = file.stat().st_size
    draft = file.parent / f".{os.urandom(8).hex()}.part"
    try:
        if _copy(file, draft, keep) > 1:
            os.replace(draft, file)
        else:
            file.unlink()
    finally:
        draft.unlink(missing_ok=True)
    return before - (file.stat().st_size if file.exists() else 0)


def _copy(file: Path, draft: Path, keep: Callable[[Line], bool]) -> int:
    """The number of lines that were copied. On disk when this returns."""
    count = 0
    with open(draft, "xb") as new:
        for line in filter(keep, read_lines(file)):
            new.write(line.raw)
            count += 1
        new.flush()
        os.fsync(new.fileno())
    return count
