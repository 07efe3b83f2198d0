"""Which distributions are installed, and which one a module comes from.

Read off the names of the metadata folders on ``sys.path``: `importlib.metadata` answers the same
questions, but costs a process 30 ms to import and parses a whole file for each version.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_PROVIDES = {"sklearn": "scikit-learn", "yaml": "pyyaml", "PIL": "pillow", "imblearn": "imbalanced-learn"}


@dataclass(frozen=True)
class Distribution:
    """One installed distribution. ``facts`` is its metadata folder, which stands beside its modules."""

    name: str
    version: str
    facts: Path

    def text(self, file: str) -> str | None:
        try:
            return (self.facts / file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    def provides(self, module: str) -> bool:
        listed = self.text("top_level.txt")
        if listed is not None:
            return module in listed.split()
        record = "\n" + (self.text("RECORD") or "")
        return f"\n{module}/__init__.py," in record or f"\n{module}.py," in record


def normal_name(name: str) -> str:
    """The one spelling of a distribution's name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed_version(name: str) -> str | None:
    found = distributions().get(normal_name(name))
    return found.version if found is not None else None


@lru_cache(maxsize=1024)
def distribution_of(module: str) -> Distribution | None:
    """The distribution that a top-level module comes from.

    None for the user's own modules, also when their name is that of a distribution.
    """
    file = getattr(sys.modules.get(module), "__file__", None)
    if file is None:
        return None
    folder = Path(file).parent if Path(file).stem != "__init__" else Path(file).parent.parent
    likely = distributions().get(normal_name(_PROVIDES.get(module, module)))
    if likely is not None and likely.facts.parent == folder:
        return likely
    beside = (found for found in distributions().values() if found.facts.parent == folder)
    return next((found for found in beside if found.provides(module)), None)


def distributions() -> Mapping[str, Distribution]:
    """All of them by normal name; the first on the path wins, as it does for imports."""
    return _distributions(tuple(sys.path))


@lru_cache(maxsize=4)
def _distributions(path: tuple[str, ...]) -> Mapping[str, Distribution]:
    found: dict[str, Distribution] = {}
    for folder in dict.fromkeys(path):
        for entry in _entries(folder):
            stem, _, kind = entry.rpartition(".")
            name, _, version = stem.partition("-")
            if kind in ("dist-info", "egg-info") and version:
                made = Distribution(normal_name(name), version.partition("-")[0], Path(folder, entry))
                found.setdefault(made.name, made)
    return found


def _entries(folder: str) -> list[str]:
    try:
        return os.listdir(folder or ".")
    except OSError:
        return []
