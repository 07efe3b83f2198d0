"""Entry points, found without ``importlib.metadata``.

That module and what it imports cost a process about 30 ms, more than all the rest of
``enable()``. All that is needed here is one section of the files ``entry_points.txt``
that stand in the metadata folders on ``sys.path``.
"""

from __future__ import annotations

import os
import sys

_FOLDERS = (".dist-info", ".egg-info")


def entry_points(group: str) -> dict[str, str]:
    """Name -> ``module:attribute`` for each entry point of the group; the first on the path wins."""
    found: dict[str, str] = {}
    for folder in dict.fromkeys(sys.path):
        for path in _metadata_folders(folder or "."):
            for name, target in _section(os.path.join(path, "entry_points.txt"), group).items():
                found.setdefault(name, target)
    return found


def _metadata_folders(folder: str) -> list[str]:
    try:
        return [os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(_FOLDERS)]
    except OSError:
        return []


def _section(path: str, group: str) -> dict[str, str]:
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError):
        return {}
    if f"[{group}]" not in text:
        return {}
    lines = text.split(f"[{group}]", 1)[1].partition("\n[")[0].splitlines()
    pairs = (line.partition("=") for line in lines if "=" in line and not line.lstrip().startswith("#"))
    return {name.strip(): target.split("[")[0].strip() for name, _, target in pairs}
