"""Numbers, times and sizes as people read them."""

from __future__ import annotations

import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autolog.cli.formats import ago, counted, duration, number, one_line, shortened, size, sparkline

BLOCKS = "▁▂▃▄▅▆▇█"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.94736, "0.9474"),
        (128.0, "128"),
        (0.0, "0"),
        (-3.0, "-3"),
        (1.2e-5, "1.2e-05"),
        (2.5e9, "2.5e+09"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
    ],
)
def test_number(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0 ms"),
        (999, "999 ms"),
        (1500, "1.5 s"),
        (59_900, "59.9 s"),
        (200_000, "3 min 20 s"),
        (3_600_000, "1 h 00 min"),
        (90_000_000, "25 h 00 min"),
        (-5, "0 ms"),
    ],
)
def test_duration(milliseconds: int, text: str) -> None:
    assert duration(1_000, 1_000 + milliseconds) == text


def test_a_duration_needs_both_ends() -> None:
    assert duration(None, 5) == duration(5, None) == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "just now"), (30, "30 s ago"), (180, "3 min ago"), (7200, "2 h ago"), (864_000, "10 d ago")],
)
def test_ago(seconds: int, text: str) -> None:
    assert ago(0, seconds * 1000) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (1_234_567, "1.23 MB"), (5e14, "500 TB")]
)
def test_size(count: float, text: str) -> None:
    assert size(count) == text


def test_counted() -> None:
    assert [counted(n, "run") for n in (0, 1, 1200)] == ["0 runs", "1 run", "1,200 runs"]


def test_shortened_is_one_line() -> None:
    assert shortened("a\n  b", 10) == "a b"
    assert shortened("abcdef", 4) == "abc…"


def test_what_makes_a_terminal_do_things_is_replaced() -> None:
    assert one_line("a\x1b[2Jb\x07\tc\u202e") == "a�[2Jb� c�"


def test_sparkline_rises() -> None:
    assert sparkline(range(8)) == BLOCKS


def test_sparkline_shows_gaps_and_extremes() -> None:
    assert sparkline([0.0, math.nan, 1.0]) == "▁ █"
    assert sparkline([0.0, math.inf, 1.0, -math.inf]) == "▁██▁"
    assert sparkline([2.0, 2.0]) == "▄▄"
    assert sparkline([math.nan]) == " "
    assert sparkline([-sys.float_info.max, sys.float_info.max]) == "▁█"


@given(st.lists(st.floats(), max_size=50))
def test_sparkline_has_a_block_for_each_value(values: list[float]) -> None:
    blocks = sparkline(values)
    assert len(blocks) == len(values)
    assert all((block == " ") == math.isnan(value) for block, value in zip(blocks, values, strict=True))
