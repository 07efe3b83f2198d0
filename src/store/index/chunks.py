"""Points in rows of a few thousand: how a chunk of a metric's history is stored.

A chunk holds up to `SIZE` points in the order they were logged, as columns of 8-byte
numbers: ``values`` and ``times`` as they are; ``steps`` compressed, or empty when they
are an arithmetic progression, as most are. ``facts`` sums up the whole chunk. ``fine``
and ``coarse`` are the pyramid for pictures: a node for every 16 and every 256 points.
Numbers are in this machine's byte order; an index of another machine is rebuilt.
"""

from __future__ import annotations

import sys
import zlib
from array import array
from collections.abc import Callable, Sequence
from itertools import compress
from math import inf
from struct import Struct
from typing import Any, Literal, NamedTuple

SIZE = 4096
FINE = 16
COARSE = FINE * FINE

_FACTS = Struct("=qqqqqqdddI???")


class Facts(NamedTuple):
    """A chunk in short. ``low``, ``high``, ``total`` and ``valid`` are of values that are no NaN."""

    first_step: int
    stride: int
    low_step: int
    high_step: int
    low_time: int
    high_time: int
    low: float
    high: float
    total: float
    valid: int
    regular: bool  # steps are first_step, first_step + stride, …
    steps_rise: bool  # never go back
    times_rise: bool

    @classmethod
    def unpack(cls, data: bytes) -> Facts:
        return cls(*_FACTS.unpack(data))


class Level(NamedTuple):
    """Nodes that stand for some neighbouring points each; ``step`` and ``time`` are the first one's."""

    low: Sequence[float]
    high: Sequence[float]
    total: Sequence[float]
    valid: Sequence[int]
    step: Sequence[int]
    time: Sequence[int]


_TYPES: tuple[Literal["d", "q"], ...]
_TYPES = ("d", "d", "d", "q", "q", "q")


class Series:
    """A stretch of a metric's history as columns of machine numbers."""

    __slots__ = ("steps", "times", "values")

    def __init__(self) -> None:
        self.steps = array("q")
        self.times = array("q")
        self.values = array("d")

    def __len__(self) -> int:
        return len(self.values)

    def extend(self, steps: Sequence[int], times: Sequence[int], values: Sequence[float]) -> None:
        self.steps.extend(steps)
        self.times.extend(times)
        self.values.extend(values)

    def before(self, step: int) -> Series:
        """Only the points below ``step``."""
        return self._chosen([at < step for at in self.steps])

    def without(self, step: int, time: int) -> Series:
        """All but the points at ``step`` and above that were logged until ``time``."""
        points = zip(self.steps, self.times, strict=True)
        return self._chosen([at < step or when > time for at, when in points])

    def _chosen(self, wanted: Sequence[bool]) -> Series:
        chosen = Series()
        chosen.steps.extend(compress(self.steps, wanted))
        chosen.times.extend(compress(self.times, wanted))
        chosen.values.extend(compress(self.values, wanted))
        return chosen

    def part(self, start: int) -> Series:
        """The chunk that begins at ``start``."""
        end = start + SIZE
        part = Series()
        part.extend(self.steps[start:end], self.times[start:end], self.values[start:end])
        return part


def encode(chunk: Series, facts: Facts) -> dict[str, Any]:
    """The columns of the row that holds ``chunk``."""
    fine = coarse = b""
    if len(chunk) >= COARSE:
        level = _lowest(chunk, facts)
        fine, coarse = _pack(level), _pack(_above(level))
    return {
        "length": len(chunk),
        "facts": _FACTS.pack(*facts),
        "fine": fine,
        "coarse": coarse,
        "steps": b"" if facts.regular else zlib.compress(chunk.steps.tobytes(), 1),
        "times": chunk.times.tobytes(),
        "numbers": chunk.values.tobytes(),
    }


def decode(row: Any) -> Series:
    """The points of a row with the columns facts, length, steps, times and numbers."""
    series = Series()
    series.steps.frombytes(steps(Facts.unpack(row.facts), row.length, row.steps))
    series.times.frombytes(row.times)
    series.values.frombytes(row.numbers)
    return series


def steps(facts: Facts, count: int, stored: bytes) -> bytes:
    """A chunk's steps as int64 numbers."""
    if not facts.regular:
        return zlib.decompress(stored)
    return progression(facts.first_step, facts.stride, count)


def progression(first: int, stride: int, count: int) -> bytes:
    """``count`` numbers from ``first`` on, as int64."""
    if stride == 0:
        return array("q", [first]).tobytes() * count
    if stride == 1 and 0 <= first < 2**24 - count and sys.byteorder == "little":
        return _counting(first, count)
    return array("q", range(first, first + stride * count, stride)).tobytes()


def _counting(first: int, count: int) -> bytes:
    """first, first + 1, … below 2**24: byte by byte, ten times as fast as number by number."""
    numbers = bytearray(8 * count)
    numbers[::8] = (bytes(range(256)) * (count // 256 + 2))[first % 256 :][:count]
    for place, unit in ((1, 256), (2, 65536)):
        column = b"".join(
            [bytes([i % 256]) * unit for i in range(first // unit, (first + count) // unit + 1)]
        )
        numbers[place::8] = column[first % unit :][:count]
    return bytes(numbers)


def summary(values: Sequence[float]) -> tuple[float, float, float, int]:
    """Lowest, highest, sum and count of the values that are no NaN."""
    total = sum(values)
    if total != total:  # a NaN among them, or both infinities
        values = [value for value in values if value == value]
        if not values:
            return inf, -inf, 0.0, 0
        total = sum(values)
    return min(values), max(values), total, len(values)


def sum_up(chunk: Series) -> Facts:
    """The facts of a chunk with at least one point."""
    steps = chunk.steps.tolist()
    stride = steps[1] - steps[0] if len(steps) > 1 else 0
    regular = _is_regular(steps, stride)
    low, high, total, valid = summary(chunk.values)
    low_step, high_step, steps_rise = _extent(steps)
    low_time, high_time, times_rise = _extent(chunk.times.tolist())
    return Facts(
        first_step=steps[0],
        stride=stride if regular else 0,
        low_step=low_step,
        high_step=high_step,
        low_time=low_time,
        high_time=high_time,
        low=low,
        high=high,
        total=total,
        valid=valid,
        regular=regular,
        steps_rise=steps_rise,
        times_rise=times_rise,
    )


def _is_regular(steps: list[int], stride: int) -> bool:
    if stride == 0:
        return steps.count(steps[0]) == len(steps)
    end = steps[0] + stride * len(steps)
    return abs(stride) < 2**63 and steps[-1] == end - stride and steps == list(range(steps[0], end, stride))


def _extent(numbers: list[int]) -> tuple[int, int, bool]:
    """Lowest and highest number, and whether they never go back."""
    ordered = sorted(numbers)
    return ordered[0], ordered[-1], ordered == numbers


def _lowest(chunk: Series, facts: Facts) -> Level:
    """The pyramid's lowest level: a node for every `FINE` points."""
    parts = _parts(chunk.values.tolist())
    steps, times = chunk.steps[::FINE], chunk.times[::FINE]
    if facts.valid < len(chunk) or facts.total != facts.total:
        low, high, total, valid = zip(*map(summary, parts), strict=True)
        return Level(low, high, total, valid, steps, times)
    return Level(_each(min, parts), _each(max, parts), _each(sum, parts), _each(len, parts), steps, times)


def _above(level: Level) -> Level:
    """The next level: a node for every `FINE` nodes."""
    return Level(
        low=_each(min, _parts(level.low)),
        high=_each(max, _parts(level.high)),
        total=_each(sum, _parts(level.total)),
        valid=_each(sum, _parts(level.valid)),
        step=level.step[::FINE],
        time=level.time[::FINE],
    )


def _each(function: Callable[[Any], Any], parts: list[Sequence[Any]]) -> list[Any]:
    return list(map(function, parts))


def _parts(column: Sequence[Any]) -> list[Sequence[Any]]:
    return [column[i : i + FINE] for i in range(0, len(column), FINE)]


def _pack(level: Level) -> bytes:
    return b"".join(array(kind, column).tobytes() for kind, column in zip(_TYPES, level, strict=True))


def unpack_level(data: bytes) -> list[memoryview]:
    """The columns of a `Level`, as the bytes of their numbers."""
    width = len(data) // len(_TYPES)
    view = memoryview(data)
    return [view[i : i + width] for i in range(0, len(data), width)]
