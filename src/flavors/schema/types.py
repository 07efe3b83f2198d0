"""Columns, tensors and params, in MLflow's words (https://mlflow.org/docs/latest/model/signatures)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SCALARS = ("boolean", "integer", "long", "float", "double", "string", "binary", "datetime", "any")
"""What a single value may be; ``any`` is passed on untouched."""


@dataclass(frozen=True)
class Array:
    """A list of any length, of values of one type."""

    items: DataType


@dataclass(frozen=True)
class Property:
    """One entry of an `Object`."""

    name: str
    type: DataType
    required: bool = True


@dataclass(frozen=True)
class Object:
    """A dict with known keys, sorted by name."""

    properties: tuple[Property, ...]


@dataclass(frozen=True)
class Map:
    """A dict with any keys, and values of one type."""

    values: DataType


DataType = str | Array | Object | Map


@dataclass(frozen=True)
class Column:
    """One column of a table. ``name`` is None for a table that is one nameless column.

    ``dtype`` is pandas' name for it where ``type`` cannot say it (``category``, ``Int64``,
    ``datetime64[ns, UTC]``, ``date``), with ``categories`` where these were few enough.
    """

    type: DataType
    name: str | int | None = None
    required: bool = True
    dtype: str = ""
    categories: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Tensor:
    """An array. ``dtype``: NumPy's name for it; ``shape``: -1 where any length will do."""

    dtype: str
    shape: tuple[int, ...]
    name: str | None = None


@dataclass(frozen=True)
class Param:
    """A setting of a prediction. ``shape``: None for one value, (-1,) for a list of any length."""

    name: str
    type: str
    default: Any = None
    shape: tuple[int, ...] | None = None


Specs = tuple[Column, ...] | tuple[Tensor, ...]


@dataclass(frozen=True)
class Signature:
    """What goes in and what comes out; None where it is unknown. ``notes``: what the types cannot say."""

    inputs: Specs | None = None
    outputs: Specs | None = None
    params: tuple[Param, ...] = ()
    notes: tuple[str, ...] = ()
