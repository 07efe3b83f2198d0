"""`autolog status`: what is recorded of which framework."""

from __future__ import annotations

import click

from .tables import Cell, Column, Table, show

_STYLES = {"on": "green", "partial": "yellow", "off": "dim"}
_TITLES = ("framework", "recorded", "installed", "tested", "why")


@click.command("status")
def status() -> None:
    """Say which frameworks are recorded.

    On, partial and why, or off; with the version found and the versions that are tested."""
    from ..autolog import enabling

    try:
        enabling.enable()  # as a script here would: settings come from the environment and pyproject.toml
    except (TypeError, ValueError) as error:
        raise click.UsageError(str(error)) from None
    rows = [
        [
            Cell(row.name),
            Cell(row.state, _STYLES[row.state]),
            Cell(row.version or ""),
            Cell(row.requires),
            Cell(row.reason),
        ]
        for row in enabling.status()
    ]
    show(Table([Column(title) for title in _TITLES], rows))
