"""`autolog export`: runs as files for other programs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import formats
from .options import found, opened, store_option
from .tables import is_terminal

if TYPE_CHECKING:
    from ..store.base import RunData, Store

_Step = Callable[[], object]
_Writer = Callable[["Store", Sequence["RunData"], str, bool, _Step], None]

_PATIENCE = 2.0
"""Seconds before a progress bar appears."""


@click.command("export")
@click.argument("names", nargs=-1, metavar="[RUN]...")
@store_option
@click.option("--format", "form", type=click.Choice(["parquet", "jsonl"]), required=True)
@click.option("-o", "--output", required=True, metavar="PATH", help="A folder for parquet, a file for jsonl.")
@click.option("--overwrite", is_flag=True, help="Replace what stands at PATH.")
def export(names: tuple[str, ...], store: str | None, form: str, output: str, overwrite: bool) -> None:
    """Write runs with all their points to files.

    All runs, or each RUN with the runs nested in it. With jsonl, PATH may be `-` for the
    standard output.
    """
    if form == "parquet" and output == "-":
        raise click.UsageError("parquet is a folder of files and cannot go to the standard output")
    source = opened(store)
    runs = _selected(source, names)
    writers: dict[str, _Writer] = {"jsonl": _jsonl, "parquet": _parquet}
    try:
        with _progress(len(runs)) as step:
            writers[form](source, runs, output, overwrite, step)
    except FileExistsError as error:
        raise click.UsageError(f"{error}: choose another path or add --overwrite") from None
    click.echo(f"{formats.counted(len(runs), 'run')} written to {output}", err=True)


def _selected(store: Store, names: Sequence[str]) -> Sequence[RunData]:
    if not names:
        return store.search()
    from ..store.family import descendants

    named = [found(store, name) for name in names]
    return list({run.id: run for run in [*named, *descendants(store, named)]}.values())


def _jsonl(store: Store, runs: Sequence[RunData], output: str, overwrite: bool, step: _Step) -> None:
    from ..store.export import to_jsonl
    from ..store.files import new_file

    if output == "-":
        to_jsonl(store, runs, sys.stdout.buffer, step)
        sys.stdout.flush()
        return
    with new_file(Path(output), overwrite=overwrite) as file:
        to_jsonl(store, runs, file, step)


def _parquet(store: Store, runs: Sequence[RunData], output: str, overwrite: bool, step: _Step) -> None:
    from ..store.files import new_folder
    from ..store.parquet import MissingPyarrow, to_parquet

    try:
        with new_folder(Path(output), overwrite=overwrite) as folder:
            to_parquet(store, runs, folder, step)
    except MissingPyarrow as error:
        raise click.ClickException(str(error)) from None


@contextmanager
def _progress(count: int) -> Iterator[_Step]:
    """A bar on the standard error of a terminal, once it has taken some seconds."""
    if not is_terminal():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    begun = time.monotonic()
    bar = Progress(console=Console(stderr=True), transient=True)
    task = bar.add_task("runs", total=count)

    def step() -> None:
        if not bar.live.is_started and time.monotonic() - begun > _PATIENCE:
            bar.start()
        bar.advance(task)

    try:
        yield step
    finally:
        bar.stop()
