"""The Optuna patcher: a study is a run, each of its trials a nested run."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from types import ModuleType

from ..patcher import Record
from .records import RECORDS


class OptunaPatcher:
    """`Study.optimize`, and `Study.ask` with `Study.tell`."""

    name = "optuna"
    requires = ("optuna>=3.6,<6",)
    modules: tuple[str, ...] = ("optuna.study.study", "optuna.study._optimize", "optuna.trial._trial")
    records: tuple[Record, ...] = RECORDS

    def patches(self, name: str, module: ModuleType) -> Iterable[AbstractContextManager[object]]:
        from .hooks import patches

        return patches(name, module)


patcher = OptunaPatcher()
