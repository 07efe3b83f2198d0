"""Looking after a store: `autolog doctor`, `delete`, `restore` and `gc`."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from . import formats
from .options import age, found, opened, opened_folder, store_option
from .tables import Cell, Column, Table, is_terminal
from .tables import show as show_table

if TYPE_CHECKING:
    from ..store.base import RunData, Store
    from ..store.doctor import Problem

_ADVICE = {"repair": "--repair mends it", "close": "--close-stale closes it", "": ""}


@click.command("doctor")
@store_option
@click.option("--repair", is_flag=True, help="Set damaged lines aside, remove leftovers and a broken index.")
@click.option("--close-stale", is_flag=True, help="End runs whose process is gone, as KILLED.")
@click.pass_context
def doctor(context: click.Context, store: str | None, repair: bool, close_stale: bool) -> None:
    """Look for damage in a store.

    Finds damaged lines, files of a newer format, runs whose process is gone, nested runs
    without a parent, leftovers and a broken index. Exit code 1 when a problem remains.
    """
    from ..store.doctor import Doctor

    source = opened_folder(store)
    examiner = Doctor(source)
    wanted = {remedy for remedy, asked in (("repair", repair), ("close", close_stale)) if asked}
    problems = list(examiner.examine())
    mended = [problem for problem in problems if problem.remedy in wanted and examiner.mend(problem)]
    if problems:
        show_table(_report(problems, mended))
    left = len(problems) - len(mended)
    click.echo(f"{formats.counted(left, 'problem')} in {source.uri}" if left else f"{source.uri} is sound")
    context.exit(1 if left else 0)


def _report(problems: Iterable[Problem], mended: Sequence[Problem]) -> Table:
    rows = [
        [
            Cell(problem.kind, "green" if problem in mended else "yellow"),
            Cell(formats.one_line(problem.place)),
            Cell(formats.one_line(problem.what)),
            Cell("mended" if problem in mended else _ADVICE[problem.remedy]),
        ]
        for problem in problems
    ]
    return Table([Column(title) for title in ("problem", "where", "what", "")], rows)


@click.command("delete")
@click.argument("names", nargs=-1, required=True, metavar="RUN...")
@store_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(names: tuple[str, ...], store: str | None, yes: bool) -> None:
    """Delete runs, with the runs nested in them.

    Asks first in a terminal. `autolog restore` brings them back until `autolog gc` has freed
    their bytes.
    """
    from ..store.family import descendants

    source = opened(store)
    chosen = [found(source, name) for name in names]
    chosen = _distinct([*chosen, *descendants(source, chosen)])
    if is_terminal() and not yes:
        listed = ", ".join(f"{run.name} ({run.id[:8]})" for run in chosen[:3])
        more = f" and {len(chosen) - 3:,} more" if len(chosen) > 3 else ""
        click.confirm(f"delete {listed}{more}?", abort=True)
    _mark(source, chosen, deleted=True)
    click.echo(f"{formats.counted(len(chosen), 'run')} deleted; `autolog restore` brings them back")


@click.command("restore")
@click.argument("names", nargs=-1, required=True, metavar="RUN...")
@store_option
def restore(names: tuple[str, ...], store: str | None) -> None:
    """Bring deleted runs back, with the runs nested in them."""
    from ..store.family import descendants

    source = opened(store)
    chosen = [_deleted(source, name) for name in names]
    chosen = _distinct([*chosen, *descendants(source, chosen, deleted=True)])
    _mark(source, chosen, deleted=False)
    click.echo(f"{formats.counted(len(chosen), 'run')} restored")


def _deleted(store: Store, name: str) -> RunData:
    """The deleted run whose id begins with ``name``. Raises RunNotFound."""
    from ..store.errors import RunNotFound

    matches = store.search(f"deleted = true and run_id LIKE '{name}%'") if name.isalnum() else []
    if not matches:
        raise RunNotFound(f"no deleted run {name!r} in {store.uri}; `autolog runs --deleted` lists them")
    if len(matches) > 1:
        raise RunNotFound(f"{name!r} begins the ids of {len(matches)} deleted runs; add characters")
    return matches[0]


def _distinct(runs: Iterable[RunData]) -> list[RunData]:
    return list({run.id: run for run in runs}.values())


def _mark(store: Store, runs: Iterable[RunData], *, deleted: bool) -> None:
    from ..store.events import Delete
    from ..store.log import now

    for run in runs:
        writer = store.join(run.id)
        writer.write(Delete(run=0, time=now(), deleted=deleted))
        writer.close()


@click.command("gc")
@store_option
@click.option("--older-than", metavar="AGE", callback=age, help="Only what was deleted so long ago: 7d, 12h.")
@click.option("--dry-run", is_flag=True, help="Say what would be freed, and free nothing.")
def gc(store: str | None, older_than: int, dry_run: bool) -> None:
    """Free the bytes of deleted runs, for good."""
    from ..store.gc import collect

    source = opened_folder(store)
    before = int(time.time() * 1000) - older_than
    runs = freed = 0
    for part in collect(source, before=before, dry_run=dry_run):
        runs, freed = runs + part.runs, freed + part.bytes
        for reason in part.kept:
            click.echo(reason, err=True)
    done = "would be freed" if dry_run else "freed"
    click.echo(f"{formats.size(freed)} of {formats.counted(runs, 'deleted run')} {done}")
