"""Listings for programs: CSV and JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ..store.base import RunData

_GROUPS = ("params", "metrics", "tags")
_NAMES = {"id": "run_id", "started": "start_time", "ended": "end_time", "parent": "parent_id"}
"""What a column of the table is called in a record."""


def as_json(runs: Iterable[RunData]) -> None:
    """One array of objects. NaN and the infinities are texts."""
    import msgspec

    from ..store.export import record

    text = msgspec.json.encode([record(run) for run in runs])
    click.echo(msgspec.json.format(text, indent=2))


def as_csv(runs: Sequence[RunData], wanted: Sequence[str]) -> None:
    """A row a run: the columns asked for, otherwise all that any of the runs has."""
    rows = [_flat(run) for run in runs]
    names = [_name(column) for column in wanted] or list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(names)
    out.writerows([row.get(name, "") for name in names] for row in rows)
    click.echo(text.getvalue(), nl=False)


def _name(column: str) -> str:
    from .columns import split

    group, key = split(column)
    return f"{group}.{key}" if group else _NAMES.get(key, key)


def _flat(run: RunData) -> Mapping[str, Any]:
    from ..store.export import record

    facts = record(run)
    single = {key: value for key, value in facts.items() if key not in (*_GROUPS, "inputs")}
    return single | dict(_members(facts))


def _members(facts: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for group in _GROUPS:
        for key, value in facts[group].items():
            yield f"{group}.{key}", value
