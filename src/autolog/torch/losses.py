"""The losses that no optimizer has stepped on yet."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch

from .readings import Value, value_of

MOST = 1000
"""So many are kept when nothing steps: gradients are also made for their own sake."""

if TYPE_CHECKING:
    from .following import Followed
    from .training import Training

_modes = torch._C._len_torch_dispatch_stack


class Losses:
    """What went into ``backward()`` since the last step, in the units of the user."""

    def __init__(self) -> None:
        self.values: list[Value] = []
        self.training: Training | None = None
        """The training whose step was the last one in this thread."""
        self._start = 0
        self.scaled: dict[int, tuple[weakref.ref[torch.Tensor], Value]] = {}
        self.probes: Sequence[weakref.ref[torch.Tensor]] = ()
        """A parameter of each optimizer that gets gradients."""
        self.graph: Any = None
        """What the last loss came from. Kept until the first step of a training."""
        self.trainings = 0
        """How many began in this thread."""
        self.since = 0
        """When the first of these was noted, in ns since the epoch."""

    def note(self, loss: torch.Tensor) -> None:
        """``loss`` is about to go into ``backward()``."""
        # Other kinds of tensors, and modes that see every operation, would notice the reading.
        if loss.numel() != 1 or type(loss) is not torch.Tensor or _modes():
            return
        if self.values:
            self._forget_what_was_dropped()
        else:
            self.since = time.time_ns()
        value = self._unscaled(loss) if self.scaled else value_of(loss)
        if value is not None:
            self.values.append(value)
        if self.training is None:
            self.graph = loss.grad_fn

    def note_scaled(self, scaled: torch.Tensor, loss: torch.Tensor) -> None:
        """A GradScaler made ``scaled`` of ``loss``."""
        if loss.numel() == 1 and type(loss) is torch.Tensor and not _modes():
            value = value_of(loss)
            if value is not None:
                here.quick = None
                self.scaled[id(scaled)] = (weakref.ref(scaled), value)

    def take(self, *, first: bool = False) -> list[Value]:
        """The losses of a step. ``first``: the first one alone, of an optimizer that asks several times."""
        values = self.values[:1] if first else self.values[self._start :]
        self.values.clear()
        self._start = 0
        self.graph = None
        return values

    def _unscaled(self, loss: torch.Tensor) -> Value | None:
        of, value = self.scaled.pop(id(loss), (None, None))
        if len(self.scaled) > MOST:
            self.scaled.clear()
        return value if of is not None and of() is loss else value_of(loss)

    def _forget_what_was_dropped(self) -> None:
        """Losses whose gradients were cleared before a step, as in adversarial training."""
        probes = [probe() for probe in self.probes]
        if probes and all(probe is None or probe.grad is None for probe in probes):
            self._start = len(self.values)
        if len(self.values) >= MOST:
            del self.values[: MOST // 2]
            self._start = max(0, self._start - MOST // 2)


class _Here(threading.local):
    """What belongs to the thread that asks.

    ``quick`` is the optimizer of its last step, when the next one may be just like it.
    """

    def __init__(self) -> None:
        self.losses = Losses()
        self.quick: Followed | None = None


here = _Here()
