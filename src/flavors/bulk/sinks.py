"""Where predictions go. A file stands under its name when it is complete, and not before.

Until then there is ``<name>.partial``, and beside it a note of how far it got, from which
the same command goes on after a kill.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Protocol

import msgspec
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet


class Sink(Protocol):
    """Takes tables with the same columns, one after the other."""

    def write(self, table: pa.Table) -> None: ...

    def kept(self) -> Any:
        """Make sure of what was written; what to be told of it to go on from here."""

    def finish(self) -> None:
        """All was written: the file appears under its name."""

    def close(self) -> None:
        """Let go of files; what is there stays there."""


class Partial:
    """The unfinished output of one command, if there is some.

    ``asked`` describes the command: another command does not go on with it.
    """

    def __init__(self, target: Path, asked: Mapping[str, Any]) -> None:
        self.target = target
        self.path = target.with_name(target.name + ".partial")
        self._note = target.with_name(target.name + ".partial.json")
        self._asked = msgspec.json.decode(msgspec.json.encode(asked))

    def progress(self) -> tuple[int, Any] | None:
        """How many rows are done, and what `Sink.kept` said then; None to begin anew."""
        try:
            note = msgspec.json.decode(self._note.read_bytes())
        except (OSError, msgspec.DecodeError):
            return None
        if note.get("asked") != self._asked or not self.path.exists():
            return None
        return int(note["rows"]), note["kept"]

    def note(self, rows: int, kept: Any) -> None:
        draft = self._note.with_name(self._note.name + ".new")
        draft.write_bytes(msgspec.json.encode({"asked": self._asked, "rows": rows, "kept": kept}))
        os.replace(draft, self._note)

    def forget(self) -> None:
        """Remove what there is of it."""
        self._note.unlink(missing_ok=True)
        if self.path.is_dir():
            shutil.rmtree(self.path)
        else:
            self.path.unlink(missing_ok=True)

    def done(self) -> None:
        self._note.unlink(missing_ok=True)


class LineSink:
    """CSV or JSON lines. ``kept`` is the length of the file in bytes."""

    def __init__(self, partial: Partial | None, form: str, size: int = 0) -> None:
        self._partial = partial
        self._form = form
        self._size = size
        self._file: IO[bytes] = _standard_output() if partial is None else _opened(partial.path, size)
        self._writer: Any = None

    def write(self, table: pa.Table) -> None:
        if self._form == "csv":
            if self._writer is None:
                options = pyarrow.csv.WriteOptions(include_header=self._size == 0, quoting_style="needed")
                self._writer = pyarrow.csv.CSVWriter(self._file, table.schema, write_options=options)
            self._writer.write(table)
        else:
            lines = [msgspec.json.encode(row, enc_hook=str) for row in table.to_pylist()]
            self._file.write(b"\n".join(lines) + b"\n" if lines else b"")

    def kept(self) -> int:
        self._file.flush()
        os.fsync(self._file.fileno())
        return self._file.tell()

    def finish(self) -> None:
        self.close()
        if self._partial is not None:
            os.replace(self._partial.path, self._partial.target)
            self._partial.done()

    def close(self) -> None:
        self._writer = None  # its own close would write nothing more
        if self._file.closed:
            return
        self._file.flush()
        if self._partial is not None:
            self._file.close()


def _standard_output() -> IO[bytes]:
    return sys.stdout.buffer


def _opened(path: Path, size: int) -> IO[bytes]:
    file = open(path, "r+b" if size else "w+b")  # noqa: SIM115 - closed by the sink
    file.truncate(size)
    file.seek(size)
    return file


class ParquetSink:
    """A folder of parts, put together at the end. ``kept`` is their number."""

    def __init__(self, partial: Partial, parts: int = 0) -> None:
        self._partial = partial
        self._parts = parts
        partial.path.mkdir(parents=True, exist_ok=True)
        self._tables: list[pa.Table] = []
        self._schema: pa.Schema | None = None

    def write(self, table: pa.Table) -> None:
        self._tables.append(table)

    def kept(self) -> int:
        if self._tables:
            part = self._part(self._parts)
            draft = part.with_suffix(".new")
            pyarrow.parquet.write_table(pa.concat_tables(self._tables, promote_options="permissive"), draft)
            os.replace(draft, part)
            self._tables.clear()
            self._parts += 1
        return self._parts

    def finish(self) -> None:
        parts = [self._part(number) for number in range(self.kept())]
        whole = self._partial.path / "whole.parquet"
        if len(parts) == 1:
            os.replace(parts[0], whole)
        else:
            _stitch(parts, whole)
        os.replace(whole, self._partial.target)
        self._partial.done()
        shutil.rmtree(self._partial.path)

    def close(self) -> None:
        self._tables.clear()

    def _part(self, number: int) -> Path:
        return self._partial.path / f"{number:06}.parquet"


def _stitch(parts: Sequence[Path], whole: Path) -> None:
    """One file of several, in their common schema: a column may be empty in the first of them."""
    schemas = [pyarrow.parquet.read_schema(part) for part in parts]
    schema = pa.unify_schemas(schemas, promote_options="permissive") if parts else pa.schema([])
    with pyarrow.parquet.ParquetWriter(whole, schema) as writer:
        for part in parts:
            for batch in pyarrow.parquet.ParquetFile(part).iter_batches():
                writer.write_table(pa.Table.from_batches([batch]).cast(schema))
