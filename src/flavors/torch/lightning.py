"""Lightning modules: PyTorch modules that say what they were called with, and how far they were trained.

checkpoint.json   what a checkpoint of Lightning's holds beside tensors: epoch, steps, hyperparameters,
                  and what the module's own ``on_save_checkpoint`` adds, as far as it is plain values

The weights are those of `torch`. The state of optimizers and loops is of use to who trains on,
from a checkpoint of Lightning's, and not part of a model.

Source: https://lightning.ai/docs/pytorch/stable/common/checkpointing_basic.html
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from ..errors import ModelDamaged
from ..folder import inside
from ..trust import Trust
from .arguments import NotKnown, as_json, from_json
from .flavor import TorchFlavor, described, not_recorded
from .state import unwrapped

_CHECKPOINT = "checkpoint.json"


class LightningFlavor(TorchFlavor):
    """For one of the two packages that Lightning is published as; each has classes of its own."""

    def __init__(self, name: str, module: str, requirement: str) -> None:
        self.name = name
        self.requires = (*TorchFlavor.requires, requirement)
        self._module = module

    def handles(self, model: object) -> bool:
        base = self._base()
        return base is not None and isinstance(unwrapped(model), base)

    def _base(self) -> type | None:
        return getattr(sys.modules.get(self._module), "LightningModule", None)

    def save(self, model: Any, folder: Path) -> Mapping[str, Mapping[str, Any]]:
        own = unwrapped(model)
        facts = super().save(own, folder)[self.name]
        contents, not_kept = self._contents(own)
        (folder / _CHECKPOINT).write_text(json.dumps(contents, indent=1), encoding="utf-8")
        more = {
            "checkpoint": _CHECKPOINT,
            "not_in_checkpoint": not_kept,
            "hparams_as": getattr(own, "_hparams_name", None),
        }
        return {self.name: {**facts, **more}}

    def made(self, folder: Path, facts: Mapping[str, Any], trust: Trust) -> Any:
        """The module as Lightning makes it from a checkpoint, all but its weights."""
        module = super().made(folder, facts, trust)
        if self._overrides(module, "configure_model"):
            module.configure_model()
        if self._overrides(module, "on_load_checkpoint"):
            if facts.get("not_in_checkpoint"):
                raise not_recorded("a part of its checkpoint", facts["not_in_checkpoint"], folder)
            module.on_load_checkpoint(_read(folder, facts))
        return module

    def called_with(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """The hyperparameters; where these were one argument, its entries are attributes, too."""
        arguments = super().called_with(facts)
        parsing = import_module(f"{self._module}.utilities.parsing")
        if isinstance(held := arguments.get(name := str(facts.get("hparams_as"))), dict):
            arguments[name] = parsing.AttributeDict(held)
        return arguments

    def _overrides(self, module: Any, method: str) -> bool:
        return getattr(type(module), method) is not getattr(self._base(), method)

    def _contents(self, module: Any) -> tuple[dict[str, Any], list[str]]:
        """What a checkpoint would hold beside tensors, and the names of what is none of plain values."""
        trainer = module._trainer
        contents = {
            "epoch": getattr(trainer, "current_epoch", 0),
            "global_step": getattr(trainer, "global_step", 0),
            "pytorch-lightning_version": sys.modules[self._module].__version__,
        }
        kept, lost = _plain(module.hparams)
        added, failed = self._added(module, {**contents, "hyper_parameters": dict(module.hparams)})
        more, lost_more = _plain(added)
        return {**contents, **more, "hyper_parameters": kept}, [*lost, *lost_more, *failed]

    def _added(self, module: Any, contents: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """What the module's own ``on_save_checkpoint`` adds, and why it could not."""
        if not self._overrides(module, "on_save_checkpoint"):
            return {}, []
        given = {**contents, "state_dict": module.state_dict()}
        try:
            module.on_save_checkpoint(given)
        except Exception as error:  # noqa: BLE001  the user's code, which may want a trainer
            return {}, [f"on_save_checkpoint: {type(error).__name__}: {error}"]
        return {name: held for name, held in given.items() if name not in (*contents, "state_dict")}, []


def _plain(contents: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The entries that JSON can hold, and the names of the others."""
    kept: dict[str, Any] = {}
    lost: list[str] = []
    for name, value in contents.items():
        try:
            kept[str(name)] = as_json(value, str(name))
        except NotKnown:
            lost.append(str(name))
    return kept, lost


def _read(folder: Path, facts: Mapping[str, Any]) -> dict[str, Any]:
    path = inside(folder, facts.get("checkpoint", _CHECKPOINT))
    try:
        return dict(from_json(described(path)))
    except (TypeError, ValueError, RecursionError) as error:
        raise ModelDamaged(f"{path} is damaged: {error}") from error


flavor = LightningFlavor("lightning", "lightning.pytorch", "lightning>=2.2")
other = LightningFlavor("pytorch_lightning", "pytorch_lightning", "pytorch-lightning>=2.2")
