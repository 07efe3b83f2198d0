"""What optimizers and schedulers are set to, and the learning rate as it changes."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch.optim import Optimizer

from .readings import Value, value_of

GROUPS = 32
"""Of more parameter groups than these, the first are recorded."""

_NO_SETTINGS = ("params", "param_names", "initial_lr", "name")
_STATE = ("optimizer", "base_lrs", "last_epoch", "verbose", "num_bad_epochs", "best", "cooldown_counter")
"""What a scheduler keeps among its settings without being told."""

_NONE = object()
_count = itertools.count(1)
_born: dict[int, tuple[weakref.ref[Optimizer], int]] = {}
_schedulers: dict[int, list[weakref.ref[Any]]] = {}


def optimizer_made(optimizer: Optimizer) -> None:
    """Remember when it came: what existed before a training began may belong to it."""
    key = id(optimizer)
    if key not in _born:
        _born[key] = (weakref.ref(optimizer, lambda _: _forget(key)), next(_count))


def scheduler_made(scheduler: Any) -> None:
    optimizer = getattr(scheduler, "optimizer", None)
    if isinstance(optimizer, Optimizer):
        optimizer_made(optimizer)
        _schedulers.setdefault(id(optimizer), []).append(weakref.ref(scheduler))


def living() -> list[Optimizer]:
    """Those made since autolog came."""
    return [optimizer for ref, _ in list(_born.values()) if (optimizer := ref()) is not None]


def now() -> int:
    """A point in the order in which optimizers are made."""
    return next(_count)


def born(optimizer: Optimizer) -> int:
    """Its place in that order; 0 when it came before autolog."""
    return _born[id(optimizer)][1] if id(optimizer) in _born else 0


def _forget(key: int) -> None:
    _born.pop(key, None)
    _schedulers.pop(key, None)


def parameters(optimizer: Optimizer) -> list[torch.Tensor]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def settings(optimizer: Optimizer, suffix: str = "") -> dict[str, Any]:
    """The class and all hyperparameters: by group (``lr.0``, ``lr.1``) where the groups differ."""
    groups = [_plain(group) for group in optimizer.param_groups[:GROUPS]]
    found: dict[str, Any] = {f"optimizer{suffix}": type(optimizer).__name__}
    for key in dict.fromkeys(itertools.chain.from_iterable(groups)):
        values = [group[key] for group in groups if key in group]
        if all(value == values[0] for value in values):
            found[f"{key}{suffix}"] = values[0]
        else:
            found |= {f"{key}{suffix}.{index}": value for index, value in enumerate(values)}
    return found


def _plain(group: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value.item() if isinstance(value, torch.Tensor) and value.numel() == 1 else value
        for key, value in group.items()
        if key not in _NO_SETTINGS
    }


def scheduler_settings(optimizer: Optimizer, suffix: str = "") -> dict[str, Any]:
    """Class and settings of the schedulers; those of which another one is made come with that one."""
    made = (ref() for ref in _schedulers.get(id(optimizer), ()))
    found = {id(scheduler): scheduler for scheduler in made if scheduler is not None}
    parts = {id(part) for scheduler in found.values() for part in getattr(scheduler, "_schedulers", ())}
    params: dict[str, Any] = {}
    for index, scheduler in enumerate(found[key] for key in found if key not in parts):
        name = f"scheduler{suffix}" + (f".{index}" if index else "")
        params |= _described(name, scheduler)
    return params


def _described(name: str, scheduler: Any) -> dict[str, Any]:
    params: dict[str, Any] = {name: type(scheduler).__name__}
    for key, value in vars(scheduler).items():
        if key == "_milestones":
            params[f"{name}.milestones"] = value
        elif not (key.startswith("_") or key in _STATE or getattr(value, "__self__", None) is scheduler):
            params[f"{name}.{key}"] = _setting(value)
    for index, part in enumerate(getattr(scheduler, "_schedulers", ())):
        params |= _described(f"{name}.{index}", part)
    return params


def _setting(value: Any) -> Any:
    """Functions by their names; a Counter of milestones as the list it came from."""
    if callable(value):
        return getattr(value, "__name__", type(value).__name__)
    if isinstance(value, list):
        return [_setting(item) for item in value]
    if isinstance(value, Mapping):
        return list(value)
    return value


class Rates:
    """The learning rates of an optimizer, told when they have changed."""

    def __init__(self, suffix: str) -> None:
        self._suffix = suffix
        self._last: list[Any] = []
        self.only: Any = _NONE
        """The one rate there is, when nothing but another object can change it."""

    def changed(self, optimizer: Optimizer) -> dict[str, Value]:
        rates = [group.get("lr") for group in optimizer.param_groups]
        for rate in rates:
            if type(rate) is not float:  # a tensor is written into; its version says so
                rates = [_version(rate) for rate in rates]
                break
        if rates == self._last:
            return {}
        self._last = rates
        self.only = rates[0] if len(rates) == 1 and type(rates[0]) is float else _NONE
        return dict(self._named(optimizer))

    def _named(self, optimizer: Optimizer) -> Iterator[tuple[str, Value]]:
        several = len(optimizer.param_groups) > 1
        for index, group in enumerate(optimizer.param_groups[:GROUPS]):
            rate = group.get("lr")
            value = value_of(rate) if isinstance(rate, torch.Tensor) else rate
            if isinstance(value, int | float | torch.Tensor):
                yield f"lr{self._suffix}.{index}" if several else f"lr{self._suffix}", value


def _version(rate: Any) -> Any:
    return (id(rate), rate._version) if isinstance(rate, torch.Tensor) else rate
