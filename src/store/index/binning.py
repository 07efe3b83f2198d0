"""Sorting what is known of points into the buckets of a picture.

With numpy this is fast, without it slow; the result is the same.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right
from typing import Any, Literal, NamedTuple

from ..points import Series

numpy: Any
try:
    import numpy
except ImportError:
    numpy = None

_KINDS: tuple[Literal["d", "q"], ...]
_KINDS = ("q", "d", "d", "d", "q")


class Samples(NamedTuple):
    """Points, or nodes that stand for several neighbouring ones, as columns in any order.

    Each column is a list of buffers to be put end to end: ``x`` and ``valid`` (how many
    points that are no NaN) of int64, ``low``, ``high`` and ``total`` of float64.
    """

    x: list[Any]
    low: list[Any]
    high: list[Any]
    total: list[Any]
    valid: list[Any]

    @classmethod
    def none(cls) -> Samples:
        return cls([], [], [], [], [])

    def add(self, *columns: Any) -> None:
        for column, part in zip(self, columns, strict=True):
            column.append(part)

    def add_points(self, x: bytes, values: bytes) -> None:
        self.add(x, values, values, values, array("q", [1]).tobytes() * (len(values) // 8))


def edges(start: float, end: float, n: int) -> array[float]:
    """The borders of ``n`` equal parts."""
    width = end - start
    return array("d", [*(start + width * i / n for i in range(n)), end])


def binned(id: str, samples: Samples, borders: array[float]) -> Series:
    """One run's row of the picture."""
    if numpy is None:
        return _by_hand(id, samples, borders)
    return _by_numpy(id, samples, borders)


def _by_numpy(id: str, samples: Samples, borders: array[float]) -> Series:
    joined = [numpy.frombuffer(b"".join(column), kind) for column, kind in zip(samples, _KINDS, strict=True)]
    joined[0] = joined[0].astype("d")
    wanted = (joined[4] > 0) & (joined[1] == joined[1])
    if not wanted.all():
        joined = [column[wanted] for column in joined]
    if (joined[0][1:] < joined[0][:-1]).any():
        order = numpy.argsort(joined[0], kind="stable")
        joined = [column[order] for column in joined]
    x, low, high, total, valid = joined
    begins = numpy.searchsorted(x, numpy.asarray(borders)[:-1], "left")
    stop = int(numpy.searchsorted(x, borders[-1], "right"))
    full = numpy.diff(begins, append=stop) > 0
    at = begins[full]

    def reduced(function: Any, column: Any, empty: float, kind: str) -> Any:
        result = numpy.full(len(begins), empty, kind)
        if len(at):
            result[full] = function.reduceat(column[:stop], at)
        return result

    with numpy.errstate(invalid="ignore", divide="ignore", over="ignore"):
        count = reduced(numpy.add, valid, 0, "q")
        mean = reduced(numpy.add, total, math.nan, "d") / count
        lows, highs = reduced(numpy.minimum, low, math.nan, "d"), reduced(numpy.maximum, high, math.nan, "d")
    low, high, mean = (array("d", column.tobytes()) for column in (lows, highs, mean))
    return Series(id, low, high, mean, array("q", count.tobytes()))


def _by_hand(id: str, samples: Samples, borders: array[float]) -> Series:
    columns = [memoryview(b"".join(column)).cast(kind) for column, kind in zip(samples, _KINDS, strict=True)]
    rows = sorted((row for row in zip(*columns, strict=True) if row[4] and row[1] == row[1]), key=_x)
    x, low, high, total, valid = map(list, zip(*rows, strict=True)) if rows else ([],) * 5
    begins = [bisect_left(x, border) for border in borders[:-1]]
    ends = [*begins[1:], bisect_right(x, borders[-1])]
    series = Series(id, array("d"), array("d"), array("d"), array("q"))
    for a, b in zip(begins, ends, strict=True):
        count = sum(valid[a:b])
        series.count.append(count)
        series.low.append(min(low[a:b], default=math.nan))
        series.high.append(max(high[a:b], default=math.nan))
        series.mean.append(sum(total[a:b]) / count if count else math.nan)
    return series


def _x(row: tuple[Any, ...]) -> Any:
    return row[0]
