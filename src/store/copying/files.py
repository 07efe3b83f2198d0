"""Which files of a run another store lacks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from ..base import ArtifactFolder, Entry


def lacking(folder: ArtifactFolder, there: ArtifactFolder | None, path: str = "") -> Iterator[Entry]:
    """The files that are not ``there``, or are of another size."""
    known = {} if there is None else {entry.path: entry for entry in there.entries(path)}
    for entry in folder.entries(path):
        other = known.get(entry.path)
        if entry.is_dir:
            yield from lacking(folder, there if other is not None else None, entry.path)
        elif other != entry:
            yield entry


def write(folder: ArtifactFolder, name: str, target: Path) -> None:
    """A file of the folder to a path, piece by piece."""
    with folder.open(name) as content, open(target, "xb") as copy:
        shutil.copyfileobj(content, copy)
