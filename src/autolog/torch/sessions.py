"""Which training a step belongs to, and which training is under way here.

A training begins with the first step of an optimizer outside of every recorded fit. A
second optimizer belongs to it when it steps parameters of the same model, or when it was
there before and steps in the same loop (GAN, actor and critic); else a new training
begins, and the one before it in this place is over.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Sequence

import torch
from torch import nn
from torch.optim import Optimizer
from torch.utils._python_dispatch import _disable_current_modes

from ...tracking import api, lifetime
from ...tracking.contain import contained
from ...tracking.context import current
from ...tracking.runs import ActiveRun
from ..fit import begin_fit
from . import distributed, frames, loaders, models, optimizers
from .finding import modules_of
from .following import Followed
from .losses import here
from .training import Training

OPTIMIZERS = 8
"""Of more optimizers in one training than these, the first are recorded."""


_open: list[Training] = []
known: dict[int, Followed | None] = {}
"""By the id of an optimizer that is alive; None for those that are not recorded."""


def current_training() -> Training | None:
    """The training that is under way in this thread, outside of recorded fits."""
    context = current()
    training = here.losses.training
    if training is None or training.over or context.inside_fit or context.suppressed:
        return None
    return training


def optimizer_stepped(optimizer: Optimizer, asks_itself: bool = False) -> None:
    """Record a step. At an optimizer's first one find out where it belongs.

    ``asks_itself``: it was given a closure, and called ``backward`` as often as it liked.
    """
    losses = here.losses
    followed = known.get(id(optimizer))
    if followed is None:
        if id(optimizer) not in known:
            with _disable_current_modes():  # those of the user's see no operation of ours
                _meet(optimizer)
        followed = known[id(optimizer)]
        if followed is None:
            losses.take()
            return
    if losses.training is not followed.training:
        _turn_to(followed.training)
    followed.step(optimizer, losses, asks_itself)


def step_skipped(optimizer: Optimizer) -> None:
    """A GradScaler left out the step, because gradients were not finite. It counts: the loss was seen."""
    optimizer_stepped(optimizer)
    followed = known.get(id(optimizer))
    if followed is not None:
        followed.skipped += 1


def is_seen(optimizer: Optimizer) -> bool:
    """Whether the hook tells of its steps, as far as is known."""
    followed = known.get(id(optimizer))
    return id(optimizer) in known and not (followed is not None and followed.unseen)


def stepped_unseen(optimizer: Optimizer) -> None:
    """A step that the hook was not called for."""
    optimizer_stepped(optimizer)
    followed = known.get(id(optimizer))
    if followed is not None:
        followed.unseen = True


def _turn_to(training: Training) -> None:
    here.quick = None
    here.losses.training = training
    here.losses.probes = [followed.probe for followed in training.followed]


def _meet(optimizer: Optimizer) -> None:
    """At its first step: an optimizer of a training that is known, or of one that begins."""
    known[id(optimizer)] = None
    weakref.finalize(optimizer, known.pop, id(optimizer), None).atexit = False
    own = optimizers.parameters(optimizer)
    if not own or not distributed.records_here() or _in_a_thread_of_autograd():
        return
    training = next((training for training in list(_open) if training.steps_on(own)), None)
    if training is not None:
        _join(training, optimizer, own)
        return
    where = frames.stack()
    modules = modules_of(own)
    training = here.losses.training
    if training is not None and _belongs(optimizer, where, training):
        _join(training, optimizer, own, modules)
    else:
        _begin(optimizer, modules, where)


def _in_a_thread_of_autograd() -> bool:
    """It knows nothing of the place it is called from."""
    return threading.get_ident() not in {thread.ident for thread in threading.enumerate()}


def _belongs(optimizer: Optimizer, where: tuple[frames.Spot, ...], training: Training) -> bool:
    """Whether it is another optimizer of the training that is under way here."""
    there_before = optimizers.born(optimizer) < training.began
    in_place = not training.over and training.place is api.surrounding_run()
    return there_before and in_place and (training.steps == 1 or frames.together(training.where, where))


def _join(
    training: Training, optimizer: Optimizer, own: Sequence[torch.Tensor], modules: Sequence[nn.Module] = ()
) -> None:
    before = training.follower_of(own)
    around_another = before is not None and not here.losses.values  # that one has taken the losses already
    if around_another or len(training.followed) >= OPTIMIZERS:
        return
    suffixes = [training.hold(module) for module in modules]
    suffix = before.suffix if before is not None else suffixes[0] if suffixes else training.part_of(own)
    followed = known[id(optimizer)] = Followed(training, optimizer, suffix, before)
    training.follow(followed, optimizer)
    _turn_to(training)


def _begin(optimizer: Optimizer, modules: Sequence[nn.Module], where: tuple[frames.Spot, ...]) -> None:
    begun = time.time_ns()
    place = api.surrounding_run()
    last = here.losses.training
    if last is not None and last.place is place:
        last.end(last.own_error())
    names = [type(module).__name__ for module in modules]
    lifetime.watch_exit_code()  # no call is left when it ends: it may end with the process
    training = Training(begin_fit("+".join(names) or type(optimizer).__name__), place, where)
    here.losses.trainings += 1
    followed = known[id(optimizer)] = Followed(training, optimizer, "")
    _open.append(training)
    training.before_end(_leave)
    training.follow(followed, optimizer)
    _turn_to(training)
    with contained("describing a training"):
        _describe(training, optimizer, modules)
    training.leave_out(begun)


def _leave(training: Training) -> None:
    _open.remove(training)
    losses = here.losses
    if losses.training is training:
        for followed in training.followed:
            followed.finish()
        losses.training = here.quick = None
        losses.probes = ()


def _describe(training: Training, optimizer: Optimizer, modules: Sequence[nn.Module]) -> None:
    training.log.tags({"autolog.framework": "torch"})
    for module in modules:
        training.hold(module)
    losses = here.losses
    training.params(models.conditions(optimizers.parameters(optimizer)[0], losses.graph, modules))
    if len(losses.values) > 1:
        training.params({"backwards_per_step": len(losses.values)})
    if (processes := distributed.world_size()) > 1:
        training.params({"world_size": processes})
    with contained("describing a DataLoader"):
        loaders.training_begins(training)


def _run_under_way() -> ActiveRun | None:
    training = current_training()
    return training.log.run if training is not None else None


api.ask_for_a_run(_run_under_way)


def _after_fork() -> None:
    """A child has none of its parent's trainings."""
    here.losses.training = here.quick = None
    _open.clear()
    known.clear()
    here.losses.take()


os.register_at_fork(after_in_child=_after_fork)
