"""The LightGBM patcher. The hooks are loaded with LightGBM, not before."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from types import ModuleType

from ..boosting_records import records
from ..patcher import Record


class LightGBMPatcher:
    """``train``, ``cv``, the estimators, and the same on Dask."""

    name = "lightgbm"
    requires = ("lightgbm>=4.6,<5",)
    modules = ("lightgbm.engine", "lightgbm.sklearn", "lightgbm", "lightgbm.dask")
    records: tuple[Record, ...] = records("lightgbm", first=1, importances="split, gain")

    def patches(self, name: str, module: ModuleType) -> Iterable[AbstractContextManager[object]]:
        from .hooks import patches  # imports LightGBM, which is being imported now

        return patches(name, module)


patcher = LightGBMPatcher()
