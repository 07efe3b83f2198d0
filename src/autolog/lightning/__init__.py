"""The patcher for Lightning, under both of its package names."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from types import ModuleType

from ..patcher import Record
from .records import RECORDS


class LightningPatcher:
    """`Trainer.fit`, `validate`, `test`, `predict`, and the tuner."""

    name = "lightning"
    requires = ("lightning>=2.2,<3", "pytorch-lightning>=2.2,<3")
    modules = ("lightning.pytorch", "pytorch_lightning")
    records: tuple[Record, ...] = RECORDS

    def patches(self, name: str, module: ModuleType) -> Iterable[AbstractContextManager[object]]:
        from .hooks import patches

        return patches(module)


patcher = LightningPatcher()
