"""The XGBoost patcher. The hooks are loaded with XGBoost, not before."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from types import ModuleType

from ..boosting_records import records
from ..patcher import Record


class XGBoostPatcher:
    """``train``, ``cv``, the estimators, and the same on Dask."""

    name = "xgboost"
    requires = ("xgboost>=2.1.4,<4", "xgboost-cpu>=2.1.4,<4")
    modules = ("xgboost.training", "xgboost", "xgboost.sklearn", "xgboost.dask")
    records: tuple[Record, ...] = records(
        "xgboost", first=0, importances="weight, gain, cover, total_gain, total_cover"
    )

    def patches(self, name: str, module: ModuleType) -> Iterable[AbstractContextManager[object]]:
        from .hooks import patches  # imports XGBoost, which is being imported now

        return patches(name, module)


patcher = XGBoostPatcher()
