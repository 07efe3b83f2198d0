"""What events are written as, they are read from again: whole, torn, damaged and of later versions."""

from __future__ import annotations

import io
import math
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autolog.store.decoding import Columns, decode_block, whole_lines
from autolog.store.events import (
    AnyEvent,
    Artifact,
    Delete,
    End,
    Input,
    Join,
    Metrics,
    Params,
    Rewind,
    Start,
    Tags,
    line,
    wire_number,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
INT64 = st.integers(-(2**63), 2**63 - 1)
FLOAT = st.floats(allow_nan=True, allow_infinity=True)
NUMBER = FLOAT.map(wire_number)
JSON = st.recursive(
    st.none() | st.booleans() | INT64 | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
SCALAR = st.none() | st.booleans() | INT64 | st.floats(allow_nan=False, allow_infinity=False) | TEXT
BASE = {"run": st.integers(1, 3), "time": INT64}


def event(kind: Any, **fields: Any) -> st.SearchStrategy[Any]:
    return st.builds(kind, **BASE, **fields)


EVENT: st.SearchStrategy[AnyEvent] = st.one_of(
    event(Start, id=TEXT, parent=st.none() | TEXT, name=st.none() | TEXT),
    event(Join, id=TEXT, resumed=st.booleans()),
    event(Params, params=st.dictionaries(TEXT, SCALAR, max_size=3)),
    event(Tags, tags=st.dictionaries(TEXT, st.none() | TEXT, max_size=3)),
    event(Artifact, path=TEXT, size=st.integers(0, 2**60)),
    event(Input, name=TEXT, digest=TEXT, context=TEXT, facts=st.dictionaries(TEXT, JSON, max_size=2)),
    event(End, status=st.sampled_from(["FINISHED", "FAILED"]), error=st.none() | TEXT),
    event(Rewind, key=TEXT, step=INT64),
    event(Delete, deleted=st.booleans()),
)
POINT = st.tuples(st.integers(1, 3), TEXT, INT64, INT64, NUMBER)
METRICS = event(Metrics, step=INT64, metrics=st.dictionaries(TEXT, NUMBER, min_size=1, max_size=3))


def as_line(item: Any) -> bytes:
    return msgspec.json.encode(item) + b"\n" if isinstance(item, tuple) else line(item)


def said(items: Any) -> list[Any]:
    """Events in their order; the points of each metric in theirs."""
    events: list[Any] = []
    points: dict[Any, list[Any]] = {}
    for item in items:
        if isinstance(item, Columns):
            rows = zip(item.steps, item.times, map(repr, item.values), strict=True)
            points.setdefault((item.run, item.key), []).extend(rows)
        else:
            events.append(item)
    return [events, points]


def expected(items: list[Any]) -> list[Any]:
    events = [item for item in items if not isinstance(item, tuple | Metrics)]
    points: dict[Any, list[Any]] = {}
    for item in items:
        if isinstance(item, tuple):
            rows = [item]
        elif isinstance(item, Metrics):
            rows = [(item.run, key, item.step, item.time, value) for key, value in item.metrics.items()]
        else:
            rows = []
        for run, key, step, time, value in rows:
            points.setdefault((run, key), []).append((step, time, repr(float(value))))
    return [events, points]


@given(st.lists(POINT, min_size=1) | st.lists(st.one_of(EVENT, POINT, METRICS), min_size=1))
def test_what_goes_in_comes_out(items: list[Any]) -> None:
    found, damaged = decode_block(b"".join(map(as_line, items)))
    assert said(found) == expected(items)
    assert damaged == 0


@given(st.lists(st.one_of(EVENT, POINT), min_size=1, max_size=4), st.data())
def test_a_line_torn_anywhere_costs_no_other(items: list[Any], data: st.DataObject) -> None:
    torn = as_line(data.draw(POINT | EVENT))
    cut = data.draw(st.integers(1, len(torn) - 2))
    found, damaged = decode_block(torn[:cut] + b"\n" + b"".join(map(as_line, items)))
    assert said(found) == expected(items)
    assert damaged == 1


@given(st.binary(max_size=50), st.lists(POINT, max_size=3))
def test_no_bytes_are_too_odd(junk: bytes, points: list[Any]) -> None:
    lines = b"".join(map(as_line, points))
    found, _ = decode_block(lines + junk + b"\n" + lines)
    list(found)


@pytest.mark.parametrize(
    "newer",
    [
        b'{"event":"dance","run":1,"time":2}',
        b'{"event":"end","run":1,"time":2,"status":"FINISHED","mood":"good"}',
        b'[1,"loss",0,1,2.5,"more",{"a":1}]',
        b'{"autolog":1,"writer":"w","host":"h","pid":1,"born":null,"time":1}',
        b"",
    ],
)
def test_a_later_version_may_have_written_more(newer: bytes) -> None:
    point = b'[1,"loss",3,4,0.5]\n'
    found, damaged = decode_block(point + newer + b"\n" + point)
    columns = [item for item in found if isinstance(item, Columns)]
    assert damaged == 0
    assert [value for item in columns for value in item.values if value == 0.5] == [0.5, 0.5]


@pytest.mark.parametrize(
    "bad",
    [
        b'[1,"loss",0,1]',
        b'[1,"loss",0,1,"much"]',
        b'[1,"loss",0.5,1,2]',
        b'["1","loss",0,1,2]',
        b"[1,2,0,1,2]",
        b'[1,"loss",9223372036854775808,1,2]',
        b'[1,"loss",0,1,NaN]',
        b'{"event":"params","run":1,"time":1,"params":[]}',
        b"null",
        b"[" * 100_000,
        b'[1,"\xff",0,1,2]',
    ],
)
def test_damaged_lines_are_counted(bad: bytes) -> None:
    point = b'[1,"loss",3,4,0.5]\n'
    for block in (point + bad + b"\n" + point, bad + b"\n" + point):
        found, damaged = decode_block(block)
        assert damaged == 1
        assert {value for item in found for value in item.values} == {0.5}  # type: ignore[union-attr]


def test_two_broken_lines_make_no_good_one() -> None:
    found, damaged = decode_block(b'[1,"loss",0,17\n5]\n[1,"loss",1,18,2.5]\n')
    assert [list(item.values) for item in found] == [[2.5]]  # type: ignore[union-attr]
    assert damaged == 2


@given(
    st.lists(st.binary(max_size=30).map(lambda b: b.replace(b"\n", b"") + b"\n")),
    st.binary(),
    st.integers(1, 40),
)
def test_blocks_hold_whole_lines(lines: list[bytes], rest: bytes, size: int) -> None:
    blocks = list(whole_lines(io.BytesIO(b"".join(lines) + rest.replace(b"\n", b"")), size))
    assert b"".join(blocks) == b"".join(lines)
    assert all(block.endswith(b"\n") for block in blocks)


def test_nan_and_infinity_are_numbers_again() -> None:
    (columns,), _ = decode_block(b'[1,"a",0,0,"NaN"]\n[1,"a",0,0,"-Infinity"]\n[1,"a",0,0,1]\n')
    assert math.isnan(columns.values[0])  # type: ignore[union-attr]
    assert list(columns.values[1:]) == [-math.inf, 1.0]  # type: ignore[union-attr]
