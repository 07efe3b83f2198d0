"""Columns of numbers as bytes: little-endian, so NaN, the infinities and every integer survive."""

from __future__ import annotations

import sys
from array import array
from typing import Any

import msgspec

from ..points import Buckets, Points, Series

Column = bytes
"""A column of 8-byte numbers; base64 in JSON."""


class PointColumns(msgspec.Struct, frozen=True):
    """The history of a metric. Steps and times are int64, values float64, all of one length."""

    step: Column
    time: Column
    value: Column


class SeriesColumns(msgspec.Struct, frozen=True):
    """One run's row of a picture: float64, but int64 for ``count``."""

    id: str
    low: Column
    high: Column
    mean: Column
    count: Column


class BucketColumns(msgspec.Struct, frozen=True):
    """Several runs on one axis."""

    key: str
    edges: Column
    series: list[SeriesColumns]


def packed_points(points: Points) -> PointColumns:
    return PointColumns(_packed(points.step), _packed(points.time), _packed(points.value))


def points_of(columns: PointColumns) -> Points:
    return Points(_unpacked("q", columns.step), _unpacked("q", columns.time), _unpacked("d", columns.value))


def packed_buckets(buckets: Buckets) -> BucketColumns:
    rows = [
        SeriesColumns(row.id, _packed(row.low), _packed(row.high), _packed(row.mean), _packed(row.count))
        for row in buckets.series
    ]
    return BucketColumns(buckets.key, _packed(buckets.edges), rows)


def buckets_of(columns: BucketColumns) -> Buckets:
    rows = [
        Series(
            row.id,
            _unpacked("d", row.low),
            _unpacked("d", row.high),
            _unpacked("d", row.mean),
            _unpacked("q", row.count),
        )
        for row in columns.series
    ]
    return Buckets(columns.key, _unpacked("d", columns.edges), rows)


def _packed(numbers: array[Any]) -> Column:
    return (
        _little(array(numbers.typecode, numbers)).tobytes() if sys.byteorder == "big" else numbers.tobytes()
    )


def _unpacked(typecode: Any, data: Column) -> array[Any]:
    """Raises ValueError when ``data`` is no whole number of items."""
    numbers: array[Any] = array(typecode)
    numbers.frombytes(data)
    return _little(numbers)


def _little(numbers: array[Any]) -> array[Any]:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
