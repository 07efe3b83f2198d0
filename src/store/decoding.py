"""Decoding the lines that events were written as, many at a time.

A line is whole when it ends: a last line without its newline is still being written, or
was torn by a crash, and is left alone. A whole line that makes no sense is *damaged*: it
is counted and the rest is read. Kinds of events that are not known here are skipped.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Annotated, Any, BinaryIO, Literal, NamedTuple

import msgspec

from .events import AnyEvent, Header, Metrics, read_number

BLOCK = 1 << 18  # bytes; what is decoded at once should stay in the processor's cache

_Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_Value = float | Literal["NaN", "Infinity", "-Infinity"]

PointItem = tuple[int, str, int, int, Any]
"""A point as read: ``(run, key, step, time, value)``; the value is a number or a name of one."""

Item = PointItem | AnyEvent

_Wire = tuple[int, str, _Int64, _Int64, _Value] | AnyEvent
_decode_all = msgspec.json.Decoder(list[_Wire]).decode
_decode_one: Any = msgspec.json.Decoder(_Wire).decode
_decode_any = msgspec.json.Decoder().decode
_decode_header = msgspec.json.Decoder(Header).decode
_UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)
_KNOWN = frozenset(str(kind.__struct_config__.tag) for kind in AnyEvent.__args__)


class Damaged(ValueError):
    """A whole line that is no event."""


class Columns(NamedTuple):
    """Points of one metric of one run, as columns of equal length."""

    run: int
    key: str
    steps: array[int]
    times: array[int]
    values: array[float]


def decode_header(line: bytes) -> Header | None:
    """What a file's first line says, or None when that is no header."""
    try:
        return _decode_header(line)
    except _UNREADABLE:
        return None


def whole_lines(file: BinaryIO, size: int = BLOCK) -> Iterator[bytes]:
    """The rest of an open file in blocks of whole lines; a torn last line is left out."""
    pieces: list[bytes] = []
    while data := file.read(size):
        end = data.rfind(b"\n") + 1
        if end == 0:
            pieces.append(data)
            continue
        pieces.append(data[:end])
        yield b"".join(pieces)
        pieces = [data[end:]]


def decode_block(block: bytes) -> tuple[Iterable[Columns | AnyEvent], int]:
    """What whole lines say, in order, and how many of them are damaged.

    Neighbouring points and `Metrics` come as columns.
    """
    count = block.count(b"\n")
    if block.startswith(b"[") and b"{" not in block:
        points = _only_points(block, count)
        if points is not None:
            return points, 0
    try:
        items: list[Item] = _decode_all(b"[" + block[:-1].replace(b"\n", b",") + b"]")
        if len(items) == count:  # else two broken lines made one good one
            return _columns(items), 0
    except _UNREADABLE:
        pass
    items, damaged = _line_by_line(block)
    return _columns(items), damaged


def _only_points(block: bytes, count: int) -> list[Columns] | None:
    """A block of nothing but points, as most are, decoded as one flat list; None if it is not."""
    try:
        flat = _decode_any(block[:-1].replace(b"]\n[", b","))
        if len(flat) != 5 * count or {*map(type, flat[::5])} != {int} or {*map(type, flat[1::5])} != {str}:
            return None
        return list(_grouped(*(flat[i::5] for i in range(5))))
    except (*_UNREADABLE, TypeError, OverflowError, KeyError):
        return None


def _line_by_line(block: bytes) -> tuple[list[Item], int]:
    items: list[Item] = []
    damaged = 0
    for line in block.split(b"\n"):
        try:
            item = decode_line(line)
        except Damaged:
            damaged += 1
        else:
            if item is not None:
                items.append(item)
    return items, damaged


def decode_line(line: bytes) -> Item | None:
    """The item of one line; None for a blank one, a header, or a kind not known here.

    Raises Damaged.
    """
    if not line.strip():
        return None
    try:
        item: Item = _decode_one(line)
        return item
    except _UNREADABLE:
        return _decode_newer(line)


def _decode_newer(line: bytes) -> Item | None:
    """What a later version may have written: longer points, other kinds of events."""
    try:
        value = _decode_any(line)
        if isinstance(value, list) and len(value) > 5:
            return msgspec.convert(value[:5], _Wire)  # type: ignore[no-any-return]
    except _UNREADABLE:
        raise Damaged(line[:80]) from None
    if isinstance(value, dict):
        kind = value.get("event")
        if "autolog" in value or (isinstance(kind, str) and kind not in _KNOWN):
            return None
    raise Damaged(line[:80])


def _columns(items: list[Item]) -> Iterator[Columns | AnyEvent]:
    for kind, group in groupby(items, type):
        if kind is tuple:
            yield from _grouped(*zip(*group, strict=True))
        elif kind is Metrics:
            yield from _of_metrics(group)  # type: ignore[arg-type]
        else:
            yield from group  # type: ignore[misc]


def _grouped(*points: Sequence[Any]) -> Iterator[Columns]:
    """Columns of points (run, key, step, time, value) as those of each metric by itself."""
    runs, keys, steps, times, values = points
    if runs.count(runs[0]) == len(runs) and keys.count(keys[0]) == len(keys):
        yield Columns(runs[0], keys[0], array("q", steps), array("q", times), _numbers(values))
        return
    groups: dict[tuple[int, str], list[PointItem]] = {}
    for point in zip(*points, strict=True):
        groups.setdefault(point[:2], []).append(point)
    for group in groups.values():
        yield from _grouped(*zip(*group, strict=True))


def _of_metrics(events: Iterator[Metrics]) -> Iterator[Columns]:
    groups: dict[tuple[int, str], list[PointItem]] = {}
    for event in events:
        run, step, time = event.run, event.step, event.time
        for key, value in event.metrics.items():
            groups.setdefault((run, key), []).append((run, key, step, time, value))
    for group in groups.values():
        yield from _grouped(*zip(*group, strict=True))


def _numbers(values: Sequence[Any]) -> array[float]:
    """``values`` with the names of NaN and the infinities read."""
    if str in set(map(type, values)):
        values = list(map(read_number, values))
    return array("d", values)
