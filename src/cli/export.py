"""`autolog export`: runs as files for other programs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import formats
from .bars import progress
from .options import found, opened, store_option

if TYPE_CHECKING:
    from ..store.base import RunData, Store

_Step = Callable[[], object]
_Writer = Callable[["Store", Sequence["RunData"], str, bool, _Step], None]


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
        with progress("runs", len(runs)) as bar:
            writers[form](source, runs, output, overwrite, bar.step)
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
