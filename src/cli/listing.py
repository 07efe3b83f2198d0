"""Runs as the rows of a table."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from . import columns, formats
from .tables import Cell, Column, Table, is_terminal
from .tree import Branch, More

if TYPE_CHECKING:
    from ..store.base import RunData


def flat(runs: Iterable[RunData]) -> Iterable[Branch]:
    return (Branch(run, "", 0) for run in runs)


def listing(lines: Iterable[Branch | More], picked: Sequence[tuple[str, str]] = ()) -> Table:
    """The columns asked for, otherwise the usual ones and those that tell the runs apart."""
    lines = list(lines)
    keys = picked or _usual([line.run for line in lines if isinstance(line, Branch)])
    look = columns.Show(int(time.time() * 1000), is_terminal())
    ranks = [0] * len(keys) if picked else _ranks(keys)
    titles = [
        Column(formats.one_line(key), right=group == "metrics", rank=rank)
        for (group, key), rank in zip(keys, ranks, strict=True)
    ]
    trunk = keys.index(("", "name")) if ("", "name") in keys else 0
    return Table(titles, [_row(line, keys, look, trunk) for line in lines])


def _usual(runs: Sequence[RunData]) -> list[tuple[str, str]]:
    return [*(("", name) for name in columns.DEFAULT), *columns.chosen(runs)]


def _ranks(keys: Sequence[tuple[str, str]]) -> list[int]:
    """The first metric is worth most, then the first param, when it began, the second metric…"""
    place = Counter[str]()
    ranks = []
    for group, key in keys:
        place[group] += 1
        later = {"metrics": 2 * place[group] - 1, "params": 2 * place[group]}
        ranks.append(later.get(group, 2 if key == "started" else 0))
    return ranks


def _row(line: Branch | More, keys: Sequence[tuple[str, str]], look: columns.Show, trunk: int) -> list[Cell]:
    """``trunk`` is the column that the tree stands in."""
    if isinstance(line, More):
        cells = [Cell("")] * len(keys)
        cells[trunk] = Cell(f"{line.guide}… {formats.counted(line.count, f'more {line.noun}')}", "dim")
        return cells
    cells = [columns.cell(line.run, key, look) for key in keys]
    cells[trunk] = Cell(line.guide + cells[trunk].text, cells[trunk].style)
    return cells
