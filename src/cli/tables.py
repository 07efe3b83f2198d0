"""Tables: drawn in a terminal, plain aligned text everywhere else."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console

_GAP = 2


@dataclass(frozen=True)
class Cell:
    """A text of one line, and how a terminal shows it."""

    text: str
    style: str = ""


@dataclass(frozen=True)
class Column:
    """A narrow terminal has no place for all: columns of high ``rank`` are left out first, of 0 never."""

    title: str
    right: bool = False
    rank: int = 0


@dataclass(frozen=True)
class Table:
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]

    def widths(self) -> list[int]:
        widths = [width(column.title) for column in self.columns]
        for row in self.rows:
            widths = [max(known, width(cell.text)) for known, cell in zip(widths, row, strict=True)]
        return widths


@cache
def terminal() -> Console:
    from rich.console import Console

    return Console(highlight=False, soft_wrap=False)


def is_terminal() -> bool:
    return terminal().is_terminal


def say(text: str) -> None:
    """Print a line, with ``?`` for what the output's encoding lacks."""
    encoding = sys.stdout.encoding or "utf-8"
    click.echo(text.encode(encoding, "replace").decode(encoding), color=is_terminal())


def width(text: str) -> int:
    """Columns that ``text`` takes in a terminal."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def show(table: Table, *, whole: bool = False) -> None:
    """Print ``table``: in a terminal what fits there, unless ``whole``; elsewhere everything."""
    if is_terminal():
        _draw(table if whole else _fitting(table, terminal().width), whole)
    else:
        say("\n".join(_plain(table)))


def heading(text: str, *, space: bool = True) -> None:
    """A title above what follows, with an empty line before it."""
    if space:
        click.echo()
    _draw(Table([Column("")], [[Cell(text, "bold")]]), whole=True) if is_terminal() else say(text)


def _fitting(table: Table, space: int) -> Table:
    widths = table.widths()
    kept = [number for number, column in enumerate(table.columns) if not column.rank]
    left = space - sum(widths[number] + _GAP for number in kept)
    for number, column in sorted(enumerate(table.columns), key=lambda numbered: numbered[1].rank):
        if column.rank and widths[number] + _GAP <= left:
            kept.append(number)
            left -= widths[number] + _GAP
    kept.sort()
    rows = [[row[number] for number in kept] for row in table.rows]
    return Table([table.columns[number] for number in kept], rows)


def _draw(table: Table, whole: bool) -> None:
    """In colours. Lines that are still too wide for the terminal are cut, unless ``whole``."""
    from rich.text import Text

    console = terminal()
    with console.capture() as captured:
        for line in _aligned(table, table.widths()):
            text = Text()
            for part in line:
                text.append(part.text, part.style)
            text.rstrip()
            console.print(text, no_wrap=True, overflow="ignore" if whole else "ellipsis", soft_wrap=whole)
    say(captured.get().removesuffix("\n"))


def _plain(table: Table) -> Iterator[str]:
    for line in _aligned(table, table.widths()):
        yield "".join(part.text for part in line).rstrip()


def _aligned(table: Table, widths: Sequence[int]) -> Iterator[list[Cell]]:
    if any(column.title for column in table.columns):
        yield _line(table, [Cell(column.title, "bold") for column in table.columns], widths)
    for row in table.rows:
        yield _line(table, row, widths)


def _line(table: Table, row: Sequence[Cell], widths: Sequence[int]) -> list[Cell]:
    parts: list[Cell] = []
    for column, cell, wide in zip(table.columns, row, widths, strict=True):
        padding = Cell(" " * (wide - width(cell.text)))
        parts += [padding, cell] if column.right else [cell, padding]
        parts.append(Cell(" " * _GAP))
    return parts
