"""The PyTorch patcher: training loops of the user's own. The hooks are loaded with PyTorch, not before."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from types import ModuleType

from ..patcher import Record
from .records import RECORDS


class TorchPatcher:
    """Every loop that steps an optimizer, outside of fits that another patcher records."""

    name = "torch"
    requires = ("torch>=2.4,<3",)
    modules: tuple[str, ...] = ("torch", "torch._dynamo", "torchmetrics")
    records: tuple[Record, ...] = RECORDS

    def patches(self, name: str, module: ModuleType) -> Iterable[AbstractContextManager[object]]:
        from .hooks import patches  # imports PyTorch, which is imported by now

        return patches(name, module)


patcher = TorchPatcher()
