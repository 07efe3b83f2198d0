"""Hooks that every framework needs: they record nothing, they carry the context to workers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from types import ModuleType

from .patcher import Record


class _Joblib:
    name = "joblib"
    requires: tuple[str, ...] = ()
    modules: tuple[str, ...] = ("joblib.parallel",)
    records: tuple[Record, ...] = ()

    def patches(self, name: str, module: ModuleType) -> Iterator[AbstractContextManager[object]]:
        from .engine import wrap
        from .workers import carry_tasks

        # Every user of joblib comes by here, scikit-learn's own Parallel too.
        yield wrap((module.Parallel, "__call__"), carry_tasks, always=True)


class _Multiprocessing:
    name = "multiprocessing"
    requires: tuple[str, ...] = ()
    modules: tuple[str, ...] = ("multiprocessing.spawn",)
    records: tuple[Record, ...] = ()

    def patches(self, name: str, module: ModuleType) -> Iterator[AbstractContextManager[object]]:
        from .engine import wrap
        from .workers import carry_to_child

        # Both spawn and forkserver send what this returns ahead of the process object.
        yield wrap((module, "get_preparation_data"), carry_to_child, always=True)


PLUMBING = (_Multiprocessing(), _Joblib())
