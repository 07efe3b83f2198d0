"""How much memory a piece of work takes at its highest. Linux."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MEGABYTE = 1 << 20


class Growth:
    """``megabytes``: the highest that the process stood above where it was before."""

    megabytes = 0.0


@contextmanager
def growth() -> Iterator[Growth]:
    """Watch the work in the block."""
    Path("/proc/self/clear_refs").write_text("5")  # the highest is the present one again
    before, found = _status("VmRSS"), Growth()
    yield found
    found.megabytes = (_status("VmHWM") - before) / _MEGABYTE


def _status(key: str) -> int:
    """Bytes, from a line such as ``VmHWM:  1234 kB``."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) << 10
