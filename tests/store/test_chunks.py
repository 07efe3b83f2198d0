"""Chunks give back the points they were made of; pictures agree with a plain count."""

from __future__ import annotations

import math
from array import array
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autolog.store.index import binning
from autolog.store.index.binning import Samples, edges
from autolog.store.index.chunks import (
    COARSE,
    FINE,
    SIZE,
    Facts,
    Series,
    decode,
    encode,
    progression,
    sum_up,
    unpack_level,
)

INT64 = st.integers(-(2**63), 2**63 - 1)


def series(steps: list[int], values: list[float]) -> Series:
    made = Series()
    made.extend(steps, list(range(len(steps))), values)
    return made


@given(st.data())
def test_points_come_back(data: st.DataObject) -> None:
    steps = data.draw(
        st.lists(INT64, min_size=1, max_size=50)
        | st.builds(lambda a, d, n: [a + d * i for i in range(n)], INT64, INT64, st.integers(1, 50)).filter(
            lambda s: min(s) >= -(2**63) and max(s) < 2**63
        )
    )
    values = data.draw(st.lists(st.floats(), min_size=len(steps), max_size=len(steps)))
    chunk = series(steps, values)
    facts = sum_up(chunk)
    back = decode(SimpleNamespace(**encode(chunk, facts)))
    assert (back.steps, back.times) == (chunk.steps, chunk.times)
    assert back.values.tobytes() == chunk.values.tobytes()
    assert (facts.low_step, facts.high_step) == (min(steps), max(steps))
    assert facts.steps_rise == (steps == sorted(steps))
    assert facts.valid == sum(value == value for value in values)
    assert repr(Facts.unpack(encode(chunk, facts)["facts"])) == repr(facts)


@pytest.mark.parametrize("count", [COARSE, 1_000, SIZE])
@pytest.mark.parametrize("odd", [0.5, math.nan, math.inf, -math.inf])
def test_each_level_sums_up_the_points_below(count: int, odd: float) -> None:
    values = [odd if i % 50 == 7 else float(i) for i in range(count)]
    row = encode(chunk := series(list(range(count)), values), sum_up(chunk))
    for name, width in (("fine", FINE), ("coarse", COARSE)):
        columns = [part.cast(kind) for part, kind in zip(unpack_level(row[name]), "dddqqq", strict=True)]  # type: ignore[call-overload]
        for node, start in zip(zip(*columns, strict=True), range(0, count, width), strict=True):
            below = [value for value in values[start : start + width] if value == value]
            assert node[:2] == (min(below), max(below))
            assert node[2] == pytest.approx(sum(below))
            assert node[3:] == (len(below), start, start)


POINTS = st.lists(
    st.tuples(st.integers(-20, 20), st.floats(-1e6, 1e6) | st.sampled_from([math.nan, math.inf]))
)


@pytest.mark.parametrize("ours", [binning._by_numpy, binning._by_hand])
@given(points=POINTS, start=st.integers(-25, 20), width=st.integers(0, 30), n=st.integers(1, 7))
def test_buckets_agree_with_a_plain_count(ours: Any, points: Any, start: int, width: int, n: int) -> None:
    samples = Samples.none()
    samples.add_points(
        array("q", [x for x, _ in points]).tobytes(), array("d", [y for _, y in points]).tobytes()
    )
    borders = edges(float(start), float(start + width), n)
    found = ours("run", samples, borders)
    for i in range(n):
        last = i == n - 1
        inside = [
            y
            for x, y in points
            if y == y and borders[i] <= x and (x < borders[i + 1] or (last and x == borders[n]))
        ]
        assert found.count[i] == len(inside)
        if inside:
            assert (found.low[i], found.high[i]) == (min(inside), max(inside))
            assert found.mean[i] == pytest.approx(sum(inside) / len(inside), rel=1e-9, abs=1e-6)
        else:
            assert all(math.isnan(column[i]) for column in (found.low, found.high, found.mean))


@given(st.integers(-10, 2**24 + 10) | INT64, st.integers(1, 70_000), st.sampled_from([1, 0, -3, 7]))
def test_progressions(first: int, count: int, stride: int) -> None:
    assume(-(2**63) <= first + stride * count < 2**63)
    numbers = [first + stride * i for i in range(count)]
    assert progression(first, stride, count) == array("q", numbers).tobytes()
