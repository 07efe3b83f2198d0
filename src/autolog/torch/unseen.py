"""Steps that no hook is called for, because Dynamo compiled them: the parameters tell.

A compiled step stays as it is without us. But from one ``backward`` to the next the
version of parameters goes up when they are stepped. That is looked at only while losses
wait for a step and something is compiled, so other loops pay nothing.
"""

from __future__ import annotations

import sys
from types import FrameType
from weakref import WeakKeyDictionary

import torch
from torch.optim import Optimizer

from . import optimizers, sessions
from .losses import here

LOOKED_AT = 64  # parameters of an optimizer

_versions: WeakKeyDictionary[Optimizer, tuple[int, int]] = WeakKeyDictionary()
"""At the last look: how many trainings had begun in this thread, and the versions."""


def look() -> None:
    """Record the steps since the last look."""
    if not _something_is_compiled():
        return
    for optimizer in optimizers.living():
        if sessions.is_seen(optimizer):
            continue
        training, before = _versions.get(optimizer, (-1, 0))
        now = sum(parameter._version for parameter in optimizers.parameters(optimizer)[:LOOKED_AT])
        # Where another training began in between, the change is no step of this loop.
        if training == here.losses.trainings and now != before and not _is_stepping(optimizer):
            _record(optimizer)
        _versions[optimizer] = here.losses.trainings, now


def _is_stepping(optimizer: Optimizer) -> bool:
    """Whether it is itself that asks for this loss, in the middle of its first step."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name == "step" and frame.f_locals.get("self") is optimizer:
            return True
        frame = frame.f_back
    return False


def _record(optimizer: Optimizer) -> None:
    """Losses from before the first look had a step each."""
    values = here.losses.values
    for value in list(values):
        values[:] = [value]
        sessions.stepped_unseen(optimizer)


def _something_is_compiled() -> bool:
    utils = getattr(getattr(torch, "_dynamo", None), "utils", None)
    return utils is not None and utils.counters["frames"]["total"] > 0
