"""The files of a run as a tree with their sizes, and where they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from . import formats
from .tables import Cell, Column, Table

if TYPE_CHECKING:
    from ..store.base import RunData, Store

_INDENT = "  "


def file_tree(store: Store, run: RunData) -> Table:
    """A line a file, below a line for each folder, which gives the size of all in it."""
    artifacts = store.artifacts(run.id)
    sizes = {PurePosixPath(name): _size(artifacts.path(name)) for name in artifacts}
    rows = [
        [Cell(indent + formats.one_line(name)), Cell(formats.size(size))]
        for indent, name, size in _lines(sizes)
    ]
    return Table([Column(""), Column("", right=True)], rows)


def place_of(store: Store, run: RunData) -> str:
    """The folder that the run's files are in; empty when there are none."""
    artifacts = store.artifacts(run.id)
    for name in artifacts:
        return str(artifacts.path(name).parents[len(PurePosixPath(name).parts) - 1])
    return ""


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _lines(sizes: dict[PurePosixPath, int]) -> Iterator[tuple[str, str, int]]:
    folders: dict[PurePosixPath, int] = {}
    for path, size in sizes.items():
        for folder in path.parents[:-1]:  # the last one is the run itself
            folders[folder] = folders.get(folder, 0) + size
    for path in sorted({*sizes, *folders}):
        name = f"{path.name}/" if path in folders else path.name
        yield _INDENT * (len(path.parts) - 1), name, folders.get(path, sizes.get(path, 0))
