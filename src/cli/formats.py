"""Numbers, times and sizes as people read them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

_BARS = "▁▂▃▄▅▆▇█"
_SPANS = ((60, "s", 1), (3600, "min", 60), (86400, "h", 3600), (math.inf, "d", 86400))


def number(value: float) -> str:
    """Four digits of a metric: ``0.9474``, ``1.2e-05``, ``128``, ``nan``."""
    return str(int(value)) if value == value // 1 and abs(value) < 1e6 else f"{value:.4g}"


def moment(time: int | None) -> str:
    """A time in milliseconds as local date and time; empty when there is none."""
    if time is None:
        return ""
    return datetime.fromtimestamp(time / 1000, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def ago(time: int | None, now: int) -> str:
    """How long before ``now``; both in milliseconds."""
    if time is None:
        return ""
    seconds = (now - time) / 1000
    if seconds < 5:
        return "just now"
    unit, width = _unit(seconds)
    return f"{seconds / width:.0f} {unit} ago"


def duration(start: int | None, end: int | None) -> str:
    """From ``start`` to ``end``, both in milliseconds; empty when one is unknown."""
    if start is None or end is None:
        return ""
    seconds = max(0, end - start) / 1000
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {seconds:02} s"


def size(count: float) -> str:
    """Bytes, in the unit that keeps them below 1,000."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.5:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 100 else f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"


def counted(count: int, noun: str) -> str:
    """``1 run``, ``2 runs``, ``1,200 runs``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def one_line(text: str) -> str:
    """``text`` on one line, without characters that make a terminal do things."""
    line = " ".join(text.split())
    return line if line.isprintable() else "".join(c if c.isprintable() else "�" for c in line)


def shortened(text: str, longest: int) -> str:
    """One line of at most ``longest`` characters."""
    line = one_line(text)
    return line if len(line) <= longest else line[: longest - 1] + "…"


def sparkline(values: Sequence[float]) -> str:
    """One block a value, as high as the value; a space for NaN. Infinities are the extremes."""
    finite = [value for value in values if math.isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 0.0)
    return "".join(_bar(value, low, high) for value in values)


def _bar(value: float, low: float, high: float) -> str:
    if math.isnan(value):
        return " "
    if math.isinf(value):
        return _BARS[-1] if value > 0 else _BARS[0]
    if high == low:
        return _BARS[len(_BARS) // 2 - 1]
    part = value / 2 - low / 2, high / 2 - low / 2  # halves: the difference of two floats may overflow
    return _BARS[min(7, int(part[0] / part[1] * 8))]


def _unit(seconds: float) -> tuple[str, int]:
    return next((unit, width) for limit, unit, width in _SPANS if seconds < limit)
