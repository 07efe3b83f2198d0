"""The scikit-learn patcher. The hooks are loaded with scikit-learn, not before."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from types import ModuleType

from ..patcher import Record
from .records import RECORDS
from .search_records import RECORDS as SEARCH_RECORDS


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
    )
    records: tuple[Record, ...] = (*RECORDS, *SEARCH_RECORDS)

    def patches(self, name: str, module: ModuleType) -> Iterable[AbstractContextManager[object]]:
        from .hooks import patches

        return patches(name, module)


patcher = SklearnPatcher()
