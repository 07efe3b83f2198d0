"""A training and its run: what is recorded at its beginning, beside its steps, and at its end."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from traceback import walk_tb
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer
from torch.utils._python_dispatch import _disable_current_modes

from ...tracking.contain import contained
from ...tracking.runs import ActiveRun
from ..fit import Fit
from ..sink import log_of
from . import models, optimizers
from .best import Best
from .following import Followed
from .frames import Spot
from .losses import here
from .models import Held
from .readings import Readings, Value

_NONE = object()


class Training:
    """A training under way: one run.

    ``samples`` counts what it was shown.
    """

    def __init__(self, fit: Fit, place: ActiveRun | None, where: tuple[Spot, ...]) -> None:
        """``place`` is the run it begins in, ``where`` the user's code that makes its steps."""
        self.log = log_of(fit.run)
        self.place = place
        self.where = where
        self.began = optimizers.now()
        self.samples = 0
        self.over = False
        self.followed: list[Followed] = []
        self.held: list[Held] = []
        self.readings = Readings(self.log)
        self.best = Best(self)
        self._fit = fit
        self._pid = os.getpid()
        self._since = here.losses.since if here.losses.values else time.time_ns()
        self._handled = id(sys.exc_info()[1])  # not itself: it holds what its traceback sees
        self._completed = False
        self._settings: dict[str, Any] = {}
        self._phase = 1
        self._last: list[Callable[[Training], None]] = []
        fit.run.when_logged(self.best.logged)
        fit.run.before_end(lambda run: self._complete())
        if place is not None and fit.owned:
            place.before_end(lambda run: self.end(self._new_error()))

    # While it goes on

    @property
    def steps(self) -> int:
        """Steps of its first optimizer, and of those that went on for it."""
        own = [followed for followed in self.followed if not followed.suffix]
        return own[-1].steps if own else 0

    def params(self, params: Mapping[str, Any]) -> None:
        self.log.params(params)

    def metrics(self, metrics: Mapping[str, Value]) -> None:
        """At the step made last. Tensors of one element may be given: they are read in batches."""
        self.record({name: [value] for name, value in metrics.items()}, max(self.steps - 1, 0))
        self.readings.write()

    def record(self, metrics: Mapping[str, Sequence[Value]], step: int) -> None:
        """Metrics, each the sum of some values."""
        for name, values in metrics.items():
            if any(isinstance(value, torch.Tensor) for value in values):
                self.readings.add(name, values, step)
            else:
                self.readings.point(name, float(sum(values)), step)

    def leave_out(self, since: int) -> None:
        """The time from then to now is not the training's: `time.time_ns`."""
        self._since += time.time_ns() - since

    def before_end(self, act: Callable[[Training], None]) -> None:
        """Have ``act`` called with this training right before it ends."""
        self._last.append(act)

    # What takes part

    def hold(self, module: nn.Module) -> str:
        """A model of this training. Returns the ending that its names have."""
        alike = any(held.kind == type(module).__name__ for held in self.held)
        suffix = self._ending("" if alike else type(module).__name__, {held.suffix for held in self.held})
        held = Held(module, suffix, self._model_died)
        self.held.append(held)
        self.params(models.facts(module, suffix))
        self.log.text(models.summary(module), f"model{suffix}.txt")
        return suffix

    def only_model(self) -> nn.Module | None:
        """The model that is trained, when it is there, and one alone."""
        return self.held[0].there() if len(self.held) == 1 else None

    def part_of(self, parameters: Sequence[torch.Tensor]) -> str:
        """The ending for an optimizer of a part of the model: where that part is."""
        path = next((path for held in self.held if (path := held.path_to(parameters))), "")
        return self._ending(path, {followed.suffix for followed in self.followed})

    def _ending(self, name: str, taken: set[str]) -> str:
        if not taken:
            return ""
        return f".{name}" if name and f".{name}" not in taken else f".{len(taken) + 1}"

    def steps_on(self, parameters: Sequence[torch.Tensor]) -> bool:
        """Whether these are parameters of this training."""
        part = any(held.is_part(parameters[0]) for held in self.held)
        return part or self.follower_of(parameters) is not None

    def follower_of(self, parameters: Sequence[torch.Tensor]) -> Followed | None:
        """The optimizer that stepped these parameters last, if any did."""
        ids = set(map(id, parameters))
        found = (f for f in reversed(self.followed) if f.probe() is not None and ids & f.parameters)
        return next(found, None)

    def follow(self, followed: Followed, optimizer: Optimizer) -> None:
        """Settings of an optimizer that goes on after another are recorded where they differ."""
        found = optimizers.settings(optimizer, followed.suffix)
        found |= optimizers.scheduler_settings(optimizer, followed.suffix)
        new = {name: value for name, value in found.items() if self._settings.get(name, _NONE) != value}
        again = any(followed.suffix == other.suffix for other in self.followed)
        self.followed.append(followed)
        self._settings |= found
        if again and new:
            self._phase += 1
        self.params({f"phase_{self._phase}.{name}" if again else name: value for name, value in new.items()})

    # Its end

    def optimizer_died(self) -> None:
        """Without a module to be seen, a training is over when nothing can step any more."""
        if not self.held and all(followed.optimizer() is None for followed in self.followed):
            with contained("ending a training"):
                self.end(self.own_error())

    def _model_died(self, held: Held) -> None:
        with contained("ending a training"):
            if not self._completed and os.getpid() == self._pid:
                self._save(held)
                if all(other.there() is None for other in self.held):
                    self.end(self.own_error())

    def end(self, error: BaseException | None = None) -> None:
        """It is over. Once; a forked child cannot end its parent's."""
        if self.over or os.getpid() != self._pid:
            return
        self.over = True
        self._fit.end(error)
        self._complete()

    def _complete(self) -> None:
        """What can be said only now. Its run is still open."""
        if self._completed or os.getpid() != self._pid:
            return
        self._completed = self.over = True
        for act in (*self._last, self.best.complete):
            with contained("completing a training"):
                act(self)
        with contained("reading the last values of a training"):
            self.readings.flush()
        self.log.metrics(self._figures())
        for held in self.held:
            self._save(held)

    def _figures(self) -> dict[str, float]:
        last = max((followed.last for followed in self.followed), default=self._since)
        seconds = (last - self._since) / 1e9
        found = {"steps": float(self.steps), "training_time": seconds}
        if seconds > 0:
            found["steps_per_second"] = self.steps / seconds
            if self.samples:
                found["samples_per_second"] = self.samples / seconds
        if skipped := sum(followed.skipped for followed in self.followed):
            found["skipped_steps"] = float(skipped)
        return found

    def _save(self, held: Held) -> None:
        with contained("saving a model"), _disable_current_modes():
            model = held.model()
            if model is not None:
                self.log.model(model, name=f"model{held.suffix}")
        held.let_go()

    def _new_error(self) -> BaseException | None:
        """The exception that is being handled, unless it was before this training began."""
        error = sys.exc_info()[1]
        return None if id(error) == self._handled else error

    def own_error(self) -> BaseException | None:
        """The same, if it came through the code that makes the steps."""
        error = self._new_error()
        came = [frame.f_code for frame, _ in walk_tb(error.__traceback__)] if error is not None else []
        ours = [spot.code for spot in self.where]
        through = any(code in ours for code in came[1:]) or came[:1] == ours[-1:]
        return error if through else None
