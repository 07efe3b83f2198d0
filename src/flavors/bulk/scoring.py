"""From a file of rows to a file of predictions."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import pyarrow as pa

from .. import core, mlmodel
from ..predictor import Predictor
from ..trust import Trusting
from ..uris import folder_of
from .answers import answer
from .sinks import LineSink, ParquetSink, Partial, Sink
from .sources import Source, form_of

_NOTE_EVERY = 1.0  # seconds
Answers = Iterator[tuple[int, pa.Table]]
"""For each chunk the number of its rows, and what the model says about them."""


@dataclass(frozen=True)
class Options:
    """``kept``: input columns that are copied, None for all; ``dask``: a scheduler's address."""

    input_format: str | None = None
    output_format: str | None = None
    kept: Sequence[str] | None = ()
    overwrite: bool = False
    trust: Trusting = ()
    dask: str | None = None


def predict_file(
    uri: str,
    input: str,
    output: str,
    options: Options = Options(),
    *,
    begun: Callable[[int, int | None], object] = lambda done, rows: None,
    step: Callable[[int], object] = lambda rows: None,
) -> int:
    """Predict every row of ``input``, a file or ``-``, into ``output``; returns the number of rows.

    The order is kept, and memory does not grow with the number of rows. After a kill the
    same call goes on where it was. ``begun`` is told how many rows are done already and
    how many there are, if that is known; ``step`` how many more were done.

    Raises SchemaError with column and row, Unreadable for a broken input, FileExistsError
    for an output that exists, ValueError for formats that are unknown or the same file
    twice, and what `load_predictor` and the model raise.
    """
    folder = folder_of(uri)
    predictor = Predictor(core.load(folder, trust=options.trust))
    form = form_of(output, options.output_format)
    source = Source(input, form_of(input, options.input_format), predictor.signature, options.kept)
    partial = _partial(source, output, form, folder, options)
    rows = source.rows
    done, sink = _sink(partial, form)
    begun(done, rows)
    with closing(sink):
        chunks = source.chunks(skip=done)
        answers = _answers(predictor, folder, chunks, done, options)
        total = _write(answers, sink, partial, done, step)
        sink.finish()
    return total


def _partial(source: Source, output: str, form: str, folder: Path, options: Options) -> Partial | None:
    if output == "-":
        if form == "parquet":
            raise ValueError("Parquet cannot go to the standard output; give a file")
        return None
    target = Path(output)
    if source.path != "-" and target.exists() and os.path.samefile(source.path, target):
        raise ValueError(f"{output} is the input, too; choose another file for the output")
    if target.exists() and not options.overwrite:
        raise FileExistsError(f"{output} exists already; choose another file, or say to overwrite it")
    kept = None if options.kept is None else list(options.kept)
    identity = None if source.path == "-" else source.identity
    asked = {"input": identity, "model": mlmodel.identity(folder), "kept": kept, "format": form}
    return Partial(target, asked)


def _sink(partial: Partial | None, form: str) -> tuple[int, Sink]:
    """The place to write to, and how many rows stand there already."""
    if partial is None:
        return 0, LineSink(None, form)
    found = partial.progress()
    if found is None:
        partial.forget()
    done, kept = found or (0, 0)
    return done, ParquetSink(partial, kept) if form == "parquet" else LineSink(partial, form, kept)


def _answers(
    predictor: Predictor, folder: Path, chunks: Iterator[pa.Table], first: int, options: Options
) -> Answers:
    if options.dask is not None:
        from .dask import answers

        yield from answers(options.dask, folder, chunks, first, options)
        return
    for chunk in chunks:
        yield chunk.num_rows, answer(predictor, chunk, options.kept, first)
        first += chunk.num_rows


def _write(
    answers: Answers, sink: Sink, partial: Partial | None, done: int, step: Callable[[int], Any]
) -> int:
    noted = monotonic()
    try:
        for rows, table in answers:
            sink.write(table)
            done += rows
            step(rows)
            if partial is not None and monotonic() - noted > _NOTE_EVERY:
                partial.note(done, sink.kept())
                noted = monotonic()
    except BaseException:
        if partial is not None and done:
            partial.note(done, sink.kept())
        raise
    return done
