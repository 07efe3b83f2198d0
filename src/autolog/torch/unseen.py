"""Steps that no hook is called for, because Dynamo compiled them: the parameters tell.

A compiled step stays as it is without us. But from one ``backward`` to the next the
version of parameters goes up when they are stepped. That is looked at only while losses
wait for a step and something is compiled, so other loops pay nothing.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

import torch
from torch.optim import Optimizer

from . import optimizers, sessions
from .losses import here

LOOKED_AT = 64  # parameters of an optimizer

_versions: WeakKeyDictionary[Optimizer, int] = WeakKeyDictionary()


def look() -> None:
    """Record the steps since the last look."""
    if not _something_is_compiled():
        return
    for optimizer in optimizers.living():
        if sessions.is_seen(optimizer):
            continue
        before = _versions.get(optimizer)
        now = sum(parameter._version for parameter in optimizers.parameters(optimizer)[:LOOKED_AT])
        _versions[optimizer] = now
        if before is not None and now != before:
            _record(optimizer)


def _record(optimizer: Optimizer) -> None:
    """Losses from before the first look had a step each."""
    values = here.losses.values
    for value in list(values):
        values[:] = [value]
        sessions.stepped_unseen(optimizer)


def _something_is_compiled() -> bool:
    utils = getattr(getattr(torch, "_dynamo", None), "utils", None)
    return utils is not None and utils.counters["frames"]["total"] > 0
