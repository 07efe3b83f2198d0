"""The history of a metric, and its picture, as columns."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple, overload


class PointRow(NamedTuple):
    """One value of a metric: at which step, when, how much."""

    step: int
    time: datetime
    value: float


@dataclass(frozen=True)
class Points(Sequence[PointRow]):
    """The history of a metric: columns of machine numbers, a row made when asked for.

    ``step`` holds int64, ``time`` int64 milliseconds since the epoch, ``value`` float64,
    all of the same length, in the order logged. numpy reads them without a copy
    (``numpy.asarray(points.value)``).
    """

    step: array[int]
    time: array[int]
    value: array[float]

    def __len__(self) -> int:
        return len(self.value)

    def __repr__(self) -> str:
        rows = ", ".join(
            f"{step}: {value:g}" for step, value in zip(self.step[:5], self.value[:5], strict=True)
        )
        return f"<{len(self):,} points, by step: {rows}{', …' if len(self) > 5 else ''}>"

    @overload
    def __getitem__(self, index: int) -> PointRow: ...
    @overload
    def __getitem__(self, index: slice) -> Points: ...
    def __getitem__(self, index: int | slice) -> PointRow | Points:
        if isinstance(index, slice):
            return Points(self.step[index], self.time[index], self.value[index])
        when = datetime.fromtimestamp(self.time[index] / 1000, UTC)
        return PointRow(self.step[index], when, self.value[index])


@dataclass(frozen=True)
class Series:
    """One run's row of a picture: ``n`` buckets. An empty bucket counts 0 and holds NaN."""

    id: str
    low: array[float] = field(repr=False)
    high: array[float] = field(repr=False)
    mean: array[float] = field(repr=False)
    count: array[int] = field(repr=False)


@dataclass(frozen=True)
class Buckets:
    """Several runs on one common axis, ready to draw.

    ``edges`` has n + 1 numbers (steps, or milliseconds since the epoch); bucket i covers
    ``edges[i] <= x < edges[i + 1]``, the last one its end too. NaN values are left out.
    """

    key: str
    edges: array[float] = field(repr=False)
    series: Sequence[Series]
