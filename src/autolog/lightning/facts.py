"""What is known about a module and its training, and what callbacks found."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..sklearn.eligible import qualified

_EARLY_STOPPING = ("monitor", "mode", "patience", "min_delta", "stopping_threshold", "divergence_threshold")
_CHECKPOINT = ("monitor", "mode", "save_top_k", "save_last")


def tags(module: Any) -> dict[str, str]:
    """The framework, and the class of the user's module."""
    return {"autolog.framework": "lightning", "autolog.estimator": qualified(type(module))}


def model(module: Any) -> dict[str, Any]:
    """Class, layers and numbers of parameters."""
    from ..torch.models import facts

    return facts(module)


def data(trainer: Any) -> dict[str, Any]:
    """Batch size, data set and order of the training data, where that is one DataLoader."""
    from torch.utils.data import DataLoader

    from ..torch.loaders import facts

    loader = trainer.train_dataloader
    found = facts(loader) if isinstance(loader, DataLoader) else {}
    known = hyperparameters(trainer)
    return {name: value for name, value in found.items() if name not in known}


def hyperparameters(trainer: Any) -> dict[str, Any]:
    """What module and data module keep with ``save_hyperparameters()``; the module's go first."""
    found: dict[str, Any] = {}
    for owner in (trainer.datamodule, trainer.lightning_module):
        if getattr(owner, "_log_hyperparams", False):
            found.update(flat(owner.hparams))
    return found


def flat(values: Mapping[Any, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """With ``/`` between the names of what is nested, as Lightning's loggers have it."""
    for key, value in values.items():
        if str(key) in ("_class_path", "_instantiator"):  # Lightning's own notes
            continue
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{above}{key}/")
        else:
            yield f"{above}{key}", value


def optimizers(trainer: Any) -> dict[str, Any]:
    """Class and settings of each optimizer and each scheduler."""
    found: dict[str, Any] = {}
    for prefix, optimizer in numbered("optimizer", trainer.optimizers):
        found[prefix] = type(optimizer).__name__
        found.update(_groups(prefix, optimizer.param_groups))
    for prefix, config in numbered("scheduler", trainer.lr_scheduler_configs):
        found[prefix] = type(config.scheduler).__name__
        found.update(_arguments(prefix, config.scheduler))
        found |= {f"{prefix}.interval": config.interval, f"{prefix}.frequency": config.frequency}
        if config.monitor is not None:
            found[f"{prefix}.monitor"] = config.monitor
    return found


def numbered(name: str, things: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    """``name`` for one thing; ``name.0``, ``name.1``… for several."""
    for i, thing in enumerate(things):
        yield (name if len(things) == 1 else f"{name}.{i}"), thing


def _groups(prefix: str, groups: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    """The settings of all parameter groups; by number those that differ."""
    for key in groups[0]:
        values = [group.get(key) for group in groups]
        if key in ("params", "initial_lr"):
            continue
        if all(value == values[0] for value in values):
            yield f"{prefix}.{key}", values[0]
        else:
            yield from ((f"{prefix}.{key}.{k}", value) for k, value in enumerate(values))


def _arguments(prefix: str, scheduler: Any) -> Iterator[tuple[str, Any]]:
    """What the scheduler was made with, as far as it kept it under the same name."""
    for name in inspect.signature(type(scheduler).__init__).parameters:
        value = getattr(scheduler, name, None)
        if isinstance(value, bool | int | float | str | list | tuple) and name != "last_epoch":
            yield f"{prefix}.{name}", value


def callbacks(trainer: Any) -> dict[str, Any]:
    """The settings of EarlyStopping and ModelCheckpoint, where they watch something."""
    found: dict[str, Any] = {}
    for kind, names, instances in (
        ("early_stopping", _EARLY_STOPPING, trainer.early_stopping_callbacks),
        ("checkpoint", _CHECKPOINT, trainer.checkpoint_callbacks),
    ):
        watching = [callback for callback in instances if getattr(callback, "monitor", None)]
        for prefix, callback in numbered(kind, watching):
            values: dict[str, Any] = {name: getattr(callback, name, None) for name in names}
            if "min_delta" in values:  # EarlyStopping turns its sign round for mode "min"
                values["min_delta"] = abs(values["min_delta"])
            found |= {f"{prefix}.{name}": value for name, value in values.items() if value is not None}
    return found


def results(trainer: Any) -> tuple[dict[str, float], dict[str, str]]:
    """What EarlyStopping and ModelCheckpoint found: numbers, and the paths of checkpoints."""
    metrics: dict[str, float] = {}
    tags: dict[str, str] = {}
    for suffix, callback in numbered("", trainer.checkpoint_callbacks):
        if getattr(callback, "best_model_score", None) is not None:
            metrics[f"best_score{suffix}"] = float(callback.best_model_score)
        for which in ("best", "last"):
            if path := getattr(callback, f"{which}_model_path", ""):
                tags[f"autolog.{which}_checkpoint{suffix}"] = str(path)
    for suffix, callback in numbered("", trainer.early_stopping_callbacks):
        if math.isfinite(callback.best_score):  # infinite until something was monitored
            metrics[f"early_stopping.best_score{suffix}"] = float(callback.best_score)
        if callback.stopped_epoch:
            metrics[f"stopped_epoch{suffix}"] = callback.stopped_epoch
    return metrics, tags


def summary(module: Any) -> str:
    """Layers, their classes and parameter counts, as Lightning shows them."""
    from importlib import import_module

    package = next(
        cls.__module__.partition(".core")[0]
        for cls in type(module).__mro__
        if cls.__name__ == "LightningModule" and ".core" in cls.__module__
    )
    shown = import_module(f"{package}.utilities.model_summary").ModelSummary
    # Sizes are found by passing the example input through the model: not for us to do.
    unasked = type("ModelSummary", (shown,), {"_forward_example_input": lambda self: None})
    return str(unasked(module, max_depth=1))
