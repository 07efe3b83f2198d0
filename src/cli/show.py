"""`autolog show`: everything about one run."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from . import columns, environment, formats
from .datasets import described
from .files import file_tree, place_of
from .listing import flat, listing
from .options import found, opened, store_option
from .tables import Cell, Column, Table, heading, is_terminal
from .tables import show as show_table
from .tree import in_trial_order, is_best

if TYPE_CHECKING:
    from ..store.base import Input, RunData, Store

WIDTH = 24
"""Blocks in a sparkline."""
NESTED = 5
"""Nested runs that are shown; `autolog runs --tree` shows them all."""


@click.command("show")
@click.argument("name", metavar="RUN")
@store_option
def show(name: str, store: str | None) -> None:
    """Show everything about a run.

    RUN is an id, the beginning of one, or `last` for the newest run.
    """
    source = opened(store)
    run = found(source, name)
    _header(run)
    _section("params", _pairs(run.params))
    _section("metrics", _metrics(source, run))
    _section("tags", _pairs({key: value for key, value in run.tags.items() if not environment.is_about(key)}))
    _section("data", _data(run.inputs))
    _section("models", _models(source, run))
    _section("environment", _pairs(environment.of(source, run)))
    _section(f"artifacts in {formats.one_line(place_of(source, run))}", file_tree(source, run))
    _nested(source, run)


def _section(title: str, table: Table) -> None:
    if table.rows:
        heading(title)
        show_table(table)


def _header(run: RunData) -> None:
    """What it is and how it went."""
    now = int(time.time() * 1000)
    look = columns.Show(now, is_terminal())
    heading(columns.cell(run, ("", "name"), look).text, space=False)
    facts = {
        "status": columns.cell(run, ("", "status"), look),
        "error": Cell(formats.one_line(run.error or ""), "red"),
        "id": Cell(run.id),
        "experiment": Cell(formats.one_line(run.experiment)),
        "parent": Cell(run.parent_id or ""),
        "started": Cell(f"{formats.moment(run.start_time)} ({formats.ago(run.start_time, now)})"),
        "duration": Cell(columns.lasted(run, now)),
    }
    rows = [[Cell(key), cell] for key, cell in facts.items() if cell.text]
    show_table(Table([Column(""), Column("")], rows), whole=True)


def _pairs(values: Mapping[str, Any]) -> Table:
    rows = [[Cell(_line(key)), Cell(_line(value))] for key, value in sorted(values.items())]
    return Table([Column(""), Column("")], rows)


def _line(value: Any) -> str:
    """A value on one line; a terminal gets the beginning of a long one."""
    text = "null" if value is None else str(value)
    return formats.shortened(text, 500) if is_terminal() else formats.one_line(text)


def _metrics(store: Store, run: RunData) -> Table:
    numbers = [Column(title, right=True) for title in ("last", "lowest", "highest", "points")]
    rows = [_metric(store, run, key) for key in sorted(run.metrics)]
    return Table([Column("metric"), *numbers, Column("")], rows)


def _metric(store: Store, run: RunData, key: str) -> list[Cell]:
    """Read from buckets: a long history costs no more than a short one."""
    (series,) = store.buckets([run.id], key, WIDTH).series
    count = sum(series.count)
    low = min((value for value in series.low if not math.isnan(value)), default=math.nan)
    high = max((value for value in series.high if not math.isnan(value)), default=math.nan)
    # A short history point by point: buckets would leave gaps between the points.
    points = store.points(run.id, key).value if count <= WIDTH else ()
    heights = points if 0 < len(points) <= WIDTH else series.mean
    picture = formats.sparkline(heights) if len(heights) > 1 else ""
    numbers = map(formats.number, (run.metrics[key], low, high))
    return [Cell(_line(key)), *map(Cell, numbers), Cell(f"{count:,}"), Cell(picture, "cyan")]


def _data(inputs: Sequence[Input]) -> Table:
    rows = [[Cell(_line(text)) for text in (i.name, i.context, i.digest, described(i.facts))] for i in inputs]
    return Table([Column(title) for title in ("data", "for", "digest", "")], rows)


def _models(store: Store, run: RunData) -> Table:
    """A line for each model, and below it one for each thing that could not be said about it."""
    rows = []
    for model in store.models(run.id):
        rows.append([Cell(_line(model.path)), Cell(_line(model.flavor)), Cell(f"models:/{model.id}", "dim")])
        rows += [[Cell(""), Cell("note"), Cell(_line(note), "yellow")] for note in model.notes]
    return Table([Column("model"), Column("flavor"), Column("")], rows)


def _nested(store: Store, run: RunData) -> None:
    """How many there are, how they went, and the first of them, the best one first."""
    from ..store.family import descendants

    below = descendants(store, [run])
    if not below:
        return
    counts = Counter(map(columns.status, below))
    went = ", ".join(f"{count:,} {state.lower()}" for state, count in counts.most_common())
    heading(f"{formats.counted(len(below), 'nested run')}: {went}")
    children = in_trial_order(child for child in below if child.parent_id == run.id)
    children.sort(key=is_best, reverse=True)
    show_table(listing(flat(children[:NESTED] if is_terminal() else children)))
    if is_terminal() and len(below) > NESTED:
        click.echo(f"all of them: autolog runs --tree --all \"parent = '{run.id}'\"")
