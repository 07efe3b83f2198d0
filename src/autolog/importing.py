"""Being told when a module has been imported, and only then.

A finder ahead of all others on ``sys.meta_path`` lets the rest find the module as always,
and puts a step behind the execution of the modules somebody waits for. (wrapt has this
too, but importing wrapt costs more than the rest of ``enable()``; it is imported with
the first framework.)
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from ..tracking.contain import contained

Told = Callable[[ModuleType], None]
_waiting: dict[str, list[Told]] = {}


def when_imported(name: str, tell: Told) -> None:
    """Call ``tell`` with the module: now if it is imported, else right after it will be."""
    module = sys.modules.get(name)  # None also where an import is forbidden
    if module is not None and not getattr(getattr(module, "__spec__", None), "_initializing", False):
        tell(module)
        return
    _waiting.setdefault(name, []).append(tell)
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)


class _Finder:
    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in _waiting:
            return None
        for finder in sys.meta_path:
            if finder is not self and hasattr(finder, "find_spec"):
                spec = finder.find_spec(name, path, target)
                if spec is not None:
                    with contained(f"watching the import of {name}"):
                        _follow(spec)
                    return spec
        return None


def _follow(spec: ModuleSpec) -> None:
    """Have this one spec's loader tell us, once, when the module has been executed."""
    loader: Any = spec.loader
    execute = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        del loader.exec_module  # the loader is as it was
        execute(module)
        for tell in _waiting.pop(spec.name, ()):
            with contained(f"hooking {spec.name}"):
                tell(module)

    loader.exec_module = exec_module


_finder: Any = _Finder()
