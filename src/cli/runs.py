"""`autolog runs`: a listing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from . import columns, records
from .listing import flat, listing
from .options import commas, opened, store_option
from .query import Query
from .tables import is_terminal, show
from .tree import branches

if TYPE_CHECKING:
    from ..store.base import RunData

PAGE = 100
"""Runs that a terminal shows when nobody says how many."""
SIBLINGS = 10
"""Nested runs of one parent that a terminal shows, beside the best one."""

_LIMIT = "So many runs; in a tree without FILTER, so many at its top."


@click.command("runs")
@click.argument("filter", default="")
@store_option
@click.option("--experiment", metavar="NAME", help="Only runs of this experiment.")
@click.option("--tree", is_flag=True, help="Nested runs below their parents, the best trial marked ★.")
@click.option("--order-by", metavar="LIST", callback=commas, help="For example `metrics.acc desc, params.C`.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help=_LIMIT)
@click.option("--columns", "wanted", metavar="LIST", callback=commas, help="For example `id,metrics.acc`.")
@click.option("--all", "everything", is_flag=True, help="Shorten no list and no tree.")
@click.option("--deleted", is_flag=True, help="Deleted runs instead, as long as gc has not freed them.")
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table")
def runs(
    filter: str,
    store: str | None,
    experiment: str | None,
    tree: bool,
    order_by: tuple[str, ...],
    limit: int | None,
    wanted: tuple[str, ...],
    everything: bool,
    deleted: bool,
    form: str,
) -> None:
    """List runs, or those that match a filter.

    Without a FILTER, the runs at the top; with one, runs of any depth. A FILTER reads like
    `metrics.accuracy > 0.9 and params.C = 0.1`; docs/search.md has it all. A terminal gets
    long lists and trees shortened, a pipe or a file gets everything.
    """
    picked = [_column(name) for name in wanted]
    short = form == "table" and is_terminal() and not everything
    condition = _deleted(filter) if deleted else filter
    query = Query(opened(store), condition, experiment, order_by, limit or (PAGE if short else None))
    found = query.tree() if tree else query.flat()
    if form == "json":
        records.as_json(found)
    elif form == "csv":
        records.as_csv(found, wanted)
    elif found:
        lines = branches(found, longest=SIBLINGS if short else None) if tree else flat(found)
        show(listing(lines, picked))
        _say_that_there_is_more(found, query, limit)
    else:
        click.echo(f"no runs in {query.store.uri}" + (" match" if condition or experiment else ""))


def _column(name: str) -> tuple[str, str]:
    try:
        return columns.split(name)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _deleted(filter: str) -> str:
    return f"deleted = true and ({filter})" if filter else "deleted = true"


def _say_that_there_is_more(found: Sequence[RunData], query: Query, limit: int | None) -> None:
    """After a list that a terminal cut off on its own."""
    if limit is None and query.limit is not None:
        shown = len(found) if query.filter else sum(run.parent_id is None for run in found)
        if shown >= query.limit:
            click.echo(f"the first {query.limit}; --all shows more")
