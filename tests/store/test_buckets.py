"""Pictures read from the pyramid agree with all points: every spike, every count."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import pytest

from autolog.store.events import Rewind, wire_number
from autolog.store.folder import FolderStore
from autolog.store.index import binning, buckets

T0 = 1_732_345_678_000


@pytest.fixture(params=["numpy", "by hand"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FolderStore:
    if request.param == "by hand":
        monkeypatch.setattr(binning, "numpy", None)
    return FolderStore(tmp_path / "store")


def steps_of(kind: str, count: int) -> list[int]:
    draw = random.Random(1)
    return {
        "regular": list(range(count)),
        "backwards": list(range(count, 0, -1)),
        "uneven": sorted(draw.randrange(count * 10) for _ in range(count)),
        "shuffled": [draw.randrange(count) for _ in range(count)],
        "twice": [*range(count // 2)] * 2,
    }[kind]


@pytest.mark.parametrize("kind", ["regular", "backwards", "uneven", "shuffled", "twice"])
def test_every_level_counts_every_point_and_keeps_every_spike(store: FolderStore, kind: str) -> None:
    count = 20_000
    steps = steps_of(kind, count)
    draw = random.Random(2)
    values = [draw.choice([math.nan, draw.random(), draw.random()]) for _ in range(count)]
    values[12_345], values[19_999] = 1e6, -1e6
    writer = store.create("fruit", "apple")
    for i, step in enumerate(steps):
        writer.point("loss", step, T0 + i, wire_number(values[i]))
    kept = [value for value in values if value == value]
    for n in (1, 2, 30, 500):
        picture = store.buckets([writer.id], "loss", n)
        (series,) = picture.series
        assert (picture.edges[0], picture.edges[n]) == (min(steps), max(steps))
        assert sum(series.count) == len(kept)
        mean = sum(m * c for m, c in zip(series.mean, series.count, strict=True) if c) / len(kept)
        assert mean == pytest.approx(sum(kept) / len(kept))
        for step, column, spike in ((steps[12_345], series.high, 1e6), (steps[19_999], series.low, -1e6)):
            away = abs(list(column).index(spike) + 0.5 - (step - min(steps)) / (max(steps) - min(steps)) * n)
            assert away <= 1.5  # in its own bucket, or the one where its node begins


def test_a_range_counts_exactly_at_both_ends(store: FolderStore) -> None:
    writer = store.create("fruit", "apple")
    for step in range(20_000):
        writer.point("loss", step * 3, T0 + step, float(step))
    draw = random.Random(3)
    for _ in range(10):
        start, end = sorted(draw.uniform(-100, 60_100) for _ in range(2))
        for n in (1, 7):
            (series,) = store.buckets([writer.id], "loss", n, start=start, end=end).series
            assert sum(series.count) == sum(start <= step * 3 <= end for step in range(20_000))


def test_how_much_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FolderStore(tmp_path / "store")
    writer = store.create("fruit", "apple")
    for step in range(40_000):
        writer.point("loss", step, T0 + step, 0.5)
    widths: list[int] = []
    add = buckets._add

    def note(samples: Any, row: Any, width: int, x: Any) -> None:
        widths.append(width)
        add(samples, row, width, x)

    monkeypatch.setattr(buckets, "_add", note)
    expected = {1: {256}, 50: {16}, 500: {1}}
    for n, level in expected.items():
        widths.clear()
        store.buckets([writer.id], "loss", n)
        assert set(widths) == level
        assert len(widths) == 10
    widths.clear()
    store.buckets([writer.id], "loss", 100, start=10_000, end=10_100)
    assert widths == [1]


def test_runs_of_all_sizes_on_one_grid(store: FolderStore) -> None:
    writers = [store.create("fruit", str(count)) for count in (0, 1, 5, 5_000)]
    for writer, count in zip(writers, (0, 1, 5, 5_000), strict=True):
        for step in range(count):
            writer.point("loss", step, T0 + step, float(count))
    picture = store.buckets([writer.id for writer in writers], "loss", 10)
    assert [sum(series.count) for series in picture.series] == [0, 1, 5, 5_000]
    assert picture.edges[10] == 4_999.0
    empty = store.buckets([writers[0].id], "loss", 2)
    assert list(empty.edges) == [0.0, 0.0, 0.0]


def test_several_files_and_a_rewind(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    writer = store.create("fruit", "apple")
    for step in range(6_000):
        writer.point("loss", step, T0 + step, 1.0)
    assert sum(store.buckets([writer.id], "loss", 3).series[0].count) == 6_000
    writer.write(Rewind(0, T0 + 6_000, key="loss", step=5_000))
    writer.point("loss", 5_000, T0 + 6_001, 2.0)
    (series,) = store.buckets([writer.id], "loss", 3).series
    assert (sum(series.count), max(series.high)) == (5_001, 2.0)
