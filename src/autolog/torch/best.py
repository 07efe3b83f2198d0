"""The model at its best validation value, when one is seen while it is trained."""

from __future__ import annotations

import functools
import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import nn

from ...flavors.torch.state import Weights, weights_of
from ...tracking.contain import contained
from .readings import Value

if TYPE_CHECKING:
    from .training import Training

LARGEST = 200 << 20
"""bytes; a copy is kept in memory until the training ends."""
SHARE, AT_LEAST = 0.05, 0.5
"""What copying may take: of the training's time, and in seconds."""

_HELD_OUT = ("val", "valid", "validation", "eval", "dev", "test")
_LOWER = ("loss", "error", "mse", "rmse", "mae", "nll", "perplexity", "ppl", "wer", "cer")
_HIGHER = (
    *("acc", "accuracy", "f1", "auc", "auroc", "score", "precision", "recall"),
    *("iou", "dice", "bleu", "r2", "map"),
)


@functools.cache
def direction(name: str) -> int:
    """1 when higher is better, -1 when lower is, 0 when it is no validation value or nobody knows."""
    words = "".join(c if c.isalnum() else " " for c in name.lower()).split()
    if not any(word in _HELD_OUT for word in words):
        return 0
    return -1 if any(word in _LOWER for word in words) else int(any(word in _HIGHER for word in words))


class Best:
    """Follows the first validation metric that is seen while a training goes on."""

    def __init__(self, training: Training) -> None:
        self._training = training
        self._name: str | None = None
        self._value = math.nan
        self._step = 0
        self._weights: Weights | None = None
        self._began = time.perf_counter()
        self._spent = 0.0

    def logged(self, name: str, value: float) -> None:
        """A metric was logged; its name says whether it is a validation's."""
        if better := direction(name):
            self._compare(name, value, better)

    def evaluated(self, name: str, value: Value, higher: bool) -> None:
        """A result that knows whether higher is better. A validation's, when the model is in that mode.

        One on a device is waited for: it comes once an epoch, not at every step.
        """
        module = self._training.only_model()
        if module is not None and not module.training:
            self._compare(name, float(value), 1 if higher else -1)

    def _compare(self, name: str, value: float, better: int) -> None:
        if self._training.over or self._name not in (None, name) or not math.isfinite(value):
            return
        if self._name is None or (value - self._value) * better > 0:
            self._name, self._value, self._step = name, value, self._training.steps - 1
            with contained("keeping the best model"):
                self._keep()

    def _keep(self) -> None:
        """A copy of the model as it is now; none when that costs too much: an older one is not the best."""
        self._weights = None
        begun = time.perf_counter()
        module = self._training.only_model()
        allowed = max(AT_LEAST, SHARE * (begun - self._began))
        if module is None or self._spent > allowed or _size(module) > LARGEST:
            return
        weights = weights_of(module)
        self._weights = replace(weights, state={key: _copy(part) for key, part in weights.state.items()})
        self._spent += time.perf_counter() - begun

    def complete(self, training: Training) -> None:
        if self._name is not None:
            training.log.metrics({"best_score": self._value, "best_iteration": float(self._step)})
            training.params({"best_metric": self._name})
        if self._weights is not None:
            training.log.model(self._weights, name="model-best")
        self._weights = None


def _copy(part: object) -> object:
    """A module may have other things in its state than tensors."""
    return part.detach().to("cpu", copy=True) if isinstance(part, torch.Tensor) else part


def _size(module: nn.Module) -> int:
    return sum(part.nbytes for part in (*module.parameters(), *module.buffers()))
