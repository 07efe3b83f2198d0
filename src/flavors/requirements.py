"""What has to be installed to load a model: found in memory and installed metadata, in milliseconds.

The classes of everything that the model holds name their modules; each module belongs to
an installed distribution, whose version is pinned. Nothing is imported, started or asked.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from .installed import distribution_of, installed_version, normal_name

_NO_PART_OF_IT = {"__main__", __name__.partition(".")[0]}
"""The script, and we ourselves: of ours may be what stands for a model, as weights of one that is gone."""

_MOST = 10_000
"""Items that are looked at in one container, and twenty times as many in all; more only repeat."""


def requirements_of(parts: Iterable[object], requires: Sequence[str]) -> tuple[list[str], list[str]]:
    """Pinned requirements, sorted, and the top-level modules that no installed distribution has.

    ``requires`` is what the flavor needs in any case, as PEP 508; it is pinned to what
    is installed, and kept as it is when nothing is.
    """
    pinned: dict[str, str] = {}
    own = []
    for module in sorted(modules_of(parts) - sys.stdlib_module_names - _NO_PART_OF_IT):
        found = distribution_of(module)
        if found is None:
            own.append(module)
        else:
            pinned[found.name] = f"{found.name}=={found.version}"
    for line in requires:
        name = normal_name(re.split(r"[^\w.-]", line, maxsplit=1)[0])
        version = installed_version(name)
        pinned.setdefault(name, f"{name}=={version}" if version else line)
    return [pinned[name] for name in sorted(pinned)], own


def modules_of(parts: Iterable[object]) -> set[str]:
    """Top-level modules of the classes and functions of everything the parts hold."""
    modules: set[str] = set()
    seen: dict[int, object] = {}
    waiting = list(parts)
    while waiting and len(seen) < 20 * _MOST:
        part = waiting.pop()
        kind = type(part)
        if kind in _PLAIN or id(part) in seen:
            continue
        seen[id(part)] = part
        named = part if isinstance(part, type) or kind.__name__ == "function" else kind
        modules.add(str(getattr(named, "__module__", None) or "builtins").partition(".")[0])
        waiting.extend(islice(_held_by(part), _MOST))
    return modules


_PLAIN = frozenset({bool, int, float, complex, str, bytes, type(None)})


def _held_by(part: Any) -> Iterable[object]:
    if isinstance(part, dict):
        return part.values()
    if isinstance(part, (list, tuple, set, frozenset)):
        return part
    if hasattr(part, "dtype"):  # numbers, unless it is an array of objects
        return part.ravel() if part.dtype == object and hasattr(part, "strides") else ()
    held = getattr(part, "__dict__", None)
    return held.values() if isinstance(held, dict) and not isinstance(part, type) else ()
