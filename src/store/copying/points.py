"""Which points of a metric another store lacks."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator
from itertools import compress

from ..points import Points

NONE = Points(array("q"), array("q"), array("d"))


def lacking(points: Points, there: Points) -> Points:
    """Those of ``points`` that are not ``there``, in their order.

    What is there is nearly always how they begin. Where it is not, as in a store that sorts them,
    each point is looked for.
    """
    return points[len(there) :] if _begins_with(points, there) else _without(points, there)


def _begins_with(points: Points, there: Points) -> bool:
    first = points[: len(there)]
    return first.step == there.step and first.time == there.time and _numbers(first) == _numbers(there)


def _numbers(points: Points) -> bytes:
    """Comparable: a NaN is like another one."""
    return points.value.tobytes()


def _without(points: Points, there: Points) -> Points:
    known = Counter(_rows(there))
    wanted = []
    for row in _rows(points):
        wanted.append(known[row] == 0)
        known[row] -= 1
    return Points(
        array("q", compress(points.step, wanted)),
        array("q", compress(points.time, wanted)),
        array("d", compress(points.value, wanted)),
    )


def _rows(points: Points) -> Iterator[tuple[int, int, str]]:
    return zip(points.step, points.time, map(repr, points.value), strict=True)
