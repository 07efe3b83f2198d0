"""Tables of pandas, polars and Arrow: their columns, and columns as plain arrays.

A column is read where it lies: numbers and codes as arrays, texts of Arrow as their
bytes. Only what has no such form is turned into Python objects, a window at a time.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

_WINDOW = 1 << 16  # rows
_ARROW_BACKED = frozenset({"ArrowExtensionArray", "ArrowStringArray", "ArrowStringArrayNumpySemantics"})
_MASKED = frozenset({"IntegerArray", "FloatingArray", "BooleanArray"})


@dataclass(frozen=True)
class Table:
    """A table whose columns were taken out once: making a Series for each is not free."""

    columns: list[tuple[Any, Any]]


def opened(data: Any) -> Any:
    """``data`` as a `Table` if it is a table, else unchanged."""
    columns = columns_of(data)
    return data if columns is None else Table(list(columns))


def library_of(data: object) -> str:
    """The table library whose class ``data`` is, or is built on; "" for anything else."""
    for kind in type(data).__mro__:
        library = kind.__module__.partition(".")[0]
        if library in ("pandas", "polars", "pyarrow"):
            return library
    return ""


def columns_of(data: Any) -> Iterable[tuple[Any, Any]] | None:
    """Names and columns of a table, or None for anything else.

    The class is asked, not the object: pandas looks attributes up among column names.
    """
    if isinstance(data, Table):
        return data.columns
    library = library_of(data)
    if library == "pandas" and hasattr(type(data), "columns"):
        return data.items()  # type: ignore[no-any-return]
    if library == "polars" and hasattr(type(data), "get_columns"):
        return [(column.name, column) for column in data.get_columns()]
    if library == "pyarrow" and hasattr(type(data), "column_names"):
        return list(zip(data.column_names, data.columns, strict=True))
    return None


def is_column(data: Any) -> bool:
    """Whether ``data`` is one column: a Series, an Index, an Arrow array."""
    library = library_of(data)
    if library == "pandas":
        return hasattr(type(data), "array")
    if library == "polars":
        return hasattr(type(data), "to_arrow")
    return library == "pyarrow" and hasattr(type(data), "null_count") and hasattr(type(data), "type")


def column_parts(column: Any) -> Iterator[Any]:
    """The column's content as numpy arrays and lists. Equal columns give equal parts."""
    library = library_of(column)
    if library == "pandas":
        yield from _pandas_parts(column)
    elif library == "polars":
        for start in range(0, len(column), _WINDOW):
            yield from _arrow_parts(column.slice(start, _WINDOW).to_arrow())
    else:
        yield from _arrow_windows(column)


def count_missing(column: Any) -> int:
    """Missing values of a column: null, and NaN where the library counts it so."""
    if library_of(column) == "pandas":
        return int(column.isna().sum())
    missing = column.null_count
    return int(missing() if callable(missing) else missing)


def _pandas_parts(column: Any) -> Iterator[Any]:
    values = column.array
    kind = type(values).__name__
    if isinstance(column.dtype, sys.modules["numpy"].dtype):
        yield column.to_numpy()  # a view
    elif hasattr(values, "codes"):
        yield values.codes
        yield from column_parts(values.categories)
    elif hasattr(values, "asi8"):  # dates with a zone, periods
        yield values.asi8
    elif hasattr(values, "sp_values"):
        yield values.sp_values
        yield values.sp_index.to_int_index().indices
    elif kind in _ARROW_BACKED:
        yield from _arrow_windows(values.__arrow_array__())
    else:
        for start in range(0, len(values), _WINDOW):
            yield from _extension_parts(values[start : start + _WINDOW], kind)


def _extension_parts(values: Any, kind: str) -> Iterator[Any]:
    if kind in _MASKED:
        yield values.to_numpy(values.dtype.numpy_dtype, na_value=0)
        yield values.isna()
    else:
        yield values.to_numpy(object)


def _arrow_windows(column: Any) -> Iterator[Any]:
    """Windows of equal size, however the column is cut into chunks."""
    for start in range(0, len(column), _WINDOW):
        part = column.slice(start, _WINDOW)
        yield from _arrow_parts(part.combine_chunks() if hasattr(part, "combine_chunks") else part)


def _arrow_parts(part: Any) -> Iterator[Any]:
    types = sys.modules["pyarrow"].types
    if types.is_dictionary(part.type):
        yield from _arrow_parts(part.dictionary_decode())
    elif types.is_string(part.type) or types.is_large_string(part.type):
        yield from _text_parts(part)
    elif types.is_integer(part.type) or types.is_floating(part.type):
        yield part.is_null().to_numpy(zero_copy_only=False)
        yield (part.fill_null(0) if part.null_count else part).to_numpy(zero_copy_only=False)
    else:
        yield part.to_pylist()


def _text_parts(part: Any) -> Iterator[Any]:
    """Lengths, letters and gaps; the place in a larger buffer leaves no trace."""
    numpy = sys.modules["numpy"]
    width = numpy.int32 if part.type == sys.modules["pyarrow"].string() else numpy.int64
    _, places, letters = part.buffers()
    ends = numpy.frombuffer(places, width)[part.offset : part.offset + len(part) + 1].astype(numpy.int64)
    yield ends - ends[0]
    yield numpy.frombuffer(letters or b"", numpy.uint8)[ends[0] : ends[-1]]
    yield part.is_null().to_numpy(zero_copy_only=False)
