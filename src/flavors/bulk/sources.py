"""Tables on disk, or on the standard input, a chunk of rows at a time."""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

import msgspec
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from ..schema import Column, SchemaError, Signature
from ..schema.values import shown

CHUNK = 65_536
"""Rows that are read, predicted and written at once."""

FORMATS = {".csv": "csv", ".parquet": "parquet", ".pq": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl"}

_CSV_TYPES = {
    "integer": pa.int64(),
    "long": pa.int64(),
    "float": pa.float64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
}


class Unreadable(ValueError):
    """The input cannot be read as what it should be; the message says where."""


@dataclass(frozen=True)
class Source:
    """``path``: a file, or ``-``. ``kept``: columns to be copied to the output, None for all."""

    path: str
    form: str
    signature: Signature | None
    kept: Sequence[str] | None = ()

    @property
    def rows(self) -> int | None:
        """How many there are, where the file says so."""
        if self.form != "parquet" or self.path == "-":
            return None
        try:
            return int(pyarrow.parquet.read_metadata(self.path).num_rows)
        except pa.ArrowInvalid as error:
            raise Unreadable(f"{self.path} cannot be read as parquet: {error}") from error

    @property
    def identity(self) -> list[Any]:
        """What is equal only for the same content."""
        status = os.stat(self.path)
        return [os.path.abspath(self.path), status.st_size, status.st_mtime_ns]

    def chunks(self, skip: int = 0) -> Iterator[pa.Table]:
        """Tables of at most `CHUNK` rows, without the first ``skip`` rows. Raises Unreadable."""
        with ExitStack() as stack:
            try:
                for chunk in _READERS[self.form](self, stack):
                    if skip >= chunk.num_rows:
                        skip -= chunk.num_rows
                        continue
                    yield chunk.slice(skip)
                    skip = 0
            except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeDecodeError, msgspec.DecodeError) as error:
                raise Unreadable(f"{self.path} cannot be read as {self.form}: {error}") from error

    @property
    def columns(self) -> Sequence[Column]:
        """Those of the signature, if it has names for them."""
        inputs = self.signature.inputs if self.signature is not None else None
        return [spec for spec in inputs or () if isinstance(spec, Column) and spec.name is not None]


def form_of(path: str, given: str | None) -> str:
    """The format, by what was said or by the file's name. Raises ValueError."""
    form = given or FORMATS.get(Path(path).suffix.lower())
    if form is None:
        known = ", ".join(sorted(FORMATS))
        raise ValueError(f"the format of {path!r} is unknown: name it (csv, parquet, jsonl), or use {known}")
    return form


def _parquet(source: Source, stack: ExitStack) -> Iterator[pa.Table]:
    # Buffered beforehand, what was read stays in memory until the end.
    file = pyarrow.parquet.ParquetFile(
        source.path if source.path != "-" else _spooled(stack), pre_buffer=False, buffer_size=1 << 20
    )
    stack.callback(file.close)
    wanted = _wanted(source, file.schema_arrow.names)
    for batch in file.iter_batches(batch_size=CHUNK, columns=wanted):
        yield pa.Table.from_batches([batch])


def _spooled(stack: ExitStack) -> IO[bytes]:
    """The standard input as a file that can be read from its end, as Parquet is."""
    file = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
    shutil.copyfileobj(sys.stdin.buffer, file)
    file.seek(0)
    return file


def _wanted(source: Source, present: Sequence[str]) -> list[str] | None:
    """The columns that anybody asks for; None for all."""
    if not source.columns or source.kept is None:
        return None
    asked = {str(column.name) for column in source.columns} | set(source.kept)
    return [name for name in present if name in asked]


def _csv(source: Source, stack: ExitStack) -> Iterator[pa.Table]:
    """Columns of the model in its types, all others as the text that they are."""
    stream = stack.enter_context(_bytes(source))
    head = stream.peek(1 << 20)
    names = _header(head)
    types = {name: pa.string() for name in names}
    for column in source.columns:
        if isinstance(column.type, str) and not column.dtype and column.type in _CSV_TYPES:
            types[str(column.name)] = _CSV_TYPES[column.type]
    if not source.columns:  # nobody says what they are: as pyarrow finds them in the first block
        types = {}
    options = pyarrow.csv.ConvertOptions(
        column_types=types, include_columns=_wanted(source, names) or [], strings_can_be_null=True
    )
    # One thread: only then are errors told with their row.
    reading = pyarrow.csv.ReadOptions(use_threads=False, block_size=8 << 20)
    try:
        reader = stack.enter_context(pyarrow.csv.open_csv(stream, reading, None, options))
        for batch in reader:
            yield from _sliced(pa.Table.from_batches([batch]))
    except pa.ArrowInvalid as error:
        if "Empty CSV" not in str(error):
            raise


def _header(head: bytes) -> list[str]:
    if not head.strip():
        return []
    line = pyarrow.csv.open_csv(io.BytesIO(head.splitlines()[0] + b"\n")).schema
    return list(line.names)


def _jsonl(source: Source, stack: ExitStack) -> Iterator[pa.Table]:
    lines = stack.enter_context(_bytes(source))
    number = 0
    while batch := list(islice(lines, CHUNK)):
        rows = []
        for line in batch:
            if line.strip():
                rows.append(_object(line, number))
                number += 1
        if rows:
            yield _table(rows, number - len(rows))


def _object(line: bytes, row: int) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(line)
    except msgspec.DecodeError as error:
        raise SchemaError(f"this line is not JSON: {error}", row=row) from None
    if not isinstance(value, dict):
        raise SchemaError("this line is no JSON object", row=row)
    return value


def _table(rows: list[dict[str, Any]], first: int) -> pa.Table:
    names = dict.fromkeys(name for row in rows for name in row)
    return pa.table({name: _array(name, [row.get(name) for row in rows], first) for name in names})


def _array(name: str, values: list[Any], first: int) -> pa.Array:
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        known = next(value for value in values if value is not None)
        row = next(row for row, value in enumerate(values) if not _fit_together(known, value))
        problem = f"{shown(values[row])} is of another kind than the values before it"
        raise SchemaError(problem, column=name, row=first + row) from error


def _fit_together(one: Any, other: Any) -> bool:
    try:
        pa.array([one, other])
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return False
    return True


def _bytes(source: Source) -> io.BufferedReader:
    file = io.FileIO(sys.stdin.fileno(), closefd=False) if source.path == "-" else io.FileIO(source.path)
    return io.BufferedReader(file, 1 << 20)


def _sliced(table: pa.Table) -> Iterator[pa.Table]:
    for start in range(0, table.num_rows, CHUNK):
        yield table.slice(start, CHUNK)


_READERS: dict[str, Callable[[Source, ExitStack], Iterator[pa.Table]]] = {
    "csv": _csv,
    "parquet": _parquet,
    "jsonl": _jsonl,
}
