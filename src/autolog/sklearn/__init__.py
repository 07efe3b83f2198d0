"""The scikit-learn patcher. The hooks are loaded with scikit-learn, not before."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from types import ModuleType

from ..patcher import Record
from .records import RECORDS
from .search_records import RECORDS as SEARCH_RECORDS

_CLOUDPICKLES = ("joblib.externals.cloudpickle.cloudpickle", "cloudpickle.cloudpickle")
"""How classes come to joblib's workers, and to Dask's."""


class SklearnPatcher:
    """Fits, searches and scores of scikit-learn and of all that builds on its `BaseEstimator`."""

    name = "sklearn"
    requires = ("scikit-learn>=1.6,<1.10",)
    modules: tuple[str, ...] = (
        "sklearn.base",
        "sklearn.metrics",
        "sklearn.inspection",
        "sklearn.model_selection._validation",
        "sklearn.model_selection._search",
        *_CLOUDPICKLES,
    )
    records: tuple[Record, ...] = (*RECORDS, *SEARCH_RECORDS)

    def patches(self, name: str, module: ModuleType) -> Iterable[AbstractContextManager[object]]:
        if name in _CLOUDPICKLES:
            from .classes import cloudpickle_patches

            return cloudpickle_patches(module)
        from .hooks import patches  # imports scikit-learn, which is being imported now

        return patches(name, module)


patcher = SklearnPatcher()
