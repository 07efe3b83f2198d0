"""One optimizer of a training, step by step: what is done here is done at every step."""

from __future__ import annotations

import time
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch.optim import Optimizer
from torch.utils._python_dispatch import _disable_current_modes

from ...tracking.context import current
from .losses import Losses, here
from .optimizers import Rates, parameters
from .readings import PAUSE, Value, value_of

if TYPE_CHECKING:
    from .training import Training


class Followed:
    """An optimizer that steps in a training. Its metrics go by its own steps."""

    def __init__(
        self, training: Training, optimizer: Optimizer, suffix: str, before: Followed | None = None
    ) -> None:
        """``before``: the optimizer of the same parameters whose curves this one goes on with."""
        run = training.log.run
        own = parameters(optimizer)
        self.training = training
        self.suffix = suffix
        self.optimizer = weakref.ref(optimizer, lambda _: training.optimizer_died())
        self.parameters = frozenset(map(id, own))
        self.probe = weakref.ref(next((p for p in own if p.grad is not None), own[0]))
        self.steps: int = before.steps if before is not None else 0
        self.last = time.time_ns()
        self.skipped = 0
        self.unseen = False
        self._rates: Rates = before._rates if before is not None else Rates(suffix)
        self._readings = training.readings
        self.values: list[Any] = []
        self._loss = f"loss{suffix}"
        self._offset = run.next_step(self._loss) if run is not None else 0
        wants = training.log.settings.wants
        self._norm = f"grad_norm{suffix}" if wants("metrics", f"grad_norm{suffix}", default=False) else None

    def step_quickly(self, optimizer: Optimizer) -> bool:
        """Record a step like the one before, with another loss; False, and nothing done, at any other."""
        values, groups = self.values, optimizer.param_groups
        if len(values) != 1 or len(groups) != 1 or groups[0].get("lr") is not self._rates.only:
            return False
        context = current()
        if context.inside_fit or context.suppressed or self.optimizer() is not optimizer:
            return False
        readings = self._readings
        self.last = now = time.time_ns()
        readings.points.append((self._loss, values.pop(), self._offset + self.steps, now))
        self.steps += 1
        if not 0 <= now - readings.written < PAUSE:
            readings.write()
        return True

    def step(self, optimizer: Optimizer, losses: Losses, asks_itself: bool) -> None:
        """The optimizer has made a step. ``asks_itself``: it was given a closure."""
        step = self._offset + self.steps
        self.steps += 1
        self.last = time.time_ns()
        values = losses.take(first=asks_itself)
        now: dict[str, Sequence[Value]] = {
            name: [value] for name, value in self._rates.changed(optimizer).items()
        }
        if values:
            now[self._loss] = values
        if self._norm is not None and (norm := _gradient_norm(optimizer)) is not None:
            now[self._norm] = [norm]
        self.training.record(now, step)
        self.values = losses.values
        here.quick = self if self._norm is None and not self.unseen else None

    def finish(self) -> None:
        """Of steps that no hook tells of the last one shows in nothing but its loss."""
        values = here.losses.take() if self.unseen else []
        if values:
            self.training.record({self._loss: values}, self._offset + self.steps)
            self.steps += 1
            self.last = time.time_ns()


def _gradient_norm(optimizer: Optimizer) -> Value | None:
    gradients = [p.grad for p in parameters(optimizer) if p.grad is not None and not p.grad.is_sparse]
    if not gradients:
        return None
    with torch.no_grad(), _disable_current_modes():
        norms = torch._foreach_norm(gradients)
        return value_of(torch.linalg.vector_norm(torch.stack([norm.to(norms[0].device) for norm in norms])))
