"""Where autolog listens to PyTorch: all that is called once a step is small, and invisible to Dynamo."""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from types import ModuleType
from typing import Any

import torch
from torch.amp.grad_scaler import GradScaler
from torch.optim import Optimizer, lr_scheduler
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.utils.data import DataLoader

from ...tracking.contain import contained
from ...tracking.context import current
from ..engine import Call, wrap
from ..sink import Log
from . import loaders, optimizers, sessions, unseen
from .losses import here

_SCHEDULERS = ("LRScheduler", "ReduceLROnPlateau", "SequentialLR", "ChainedScheduler")
_is_special = torch._C._has_torch_function_unary
_is_compiling = torch.compiler.is_dynamo_compiling
_modes = torch._C._len_torch_dispatch_stack
_watching = getattr(torch._C._dynamo.eval_frame, "get_eval_frame_callback", lambda: True)
QUICK = hasattr(torch._C._dynamo.eval_frame, "get_eval_frame_callback")
_READING = contained("reading a loss")
_STEPPING = contained("recording a training step")


def patches(name: str, module: ModuleType) -> Iterator[AbstractContextManager[object]]:
    if name == "torch._dynamo":
        yield _HiddenFromDynamo()
        return
    if name == "torchmetrics":
        from .torchmetrics import patches as of_torchmetrics

        yield from of_torchmetrics(module)
        return
    yield _Listening()
    # The only door of a loss that users have: `torch.autograd.backward` is below it, but
    # TorchScript knows that function by its identity.
    yield _Replaced(torch.Tensor, "backward", _backward)
    # What a loss was before it was scaled, and that a step was left out, nothing else tells.
    yield _Replaced(GradScaler, "scale", _scale)
    yield _Replaced(GradScaler, "step", _step)
    # All ways to read a loader begin here.
    yield wrap((DataLoader, "__iter__"), loaders.iterated, inside_fits=False)
    # Called once for each object: the order of optimizers, and whose scheduler it is.
    yield wrap((Optimizer, "__init__"), _optimizer_made)
    for scheduler in _SCHEDULERS:
        yield wrap((getattr(lr_scheduler, scheduler), "__init__"), _scheduler_made)


class _Listening:
    """PyTorch's own hook, for every optimizer there is: fused, foreach, LBFGS, users' own."""

    def __enter__(self) -> None:
        self._handle = register_optimizer_step_post_hook(after_step)

    def __exit__(self, *error: object) -> None:
        self._handle.remove()


class _Replaced:
    """A method with another one around it, a plain function: `wrap` costs more, and Dynamo sees it."""

    def __init__(
        self, owner: Any, name: str, make: Callable[[Callable[..., Any], Any], Callable[..., Any]]
    ) -> None:
        self._owner = owner
        self._name = name
        self._make = make

    def __enter__(self) -> None:
        self.on = True
        self._original = getattr(self._owner, self._name)
        self._ours = functools.wraps(self._original)(self._make(self._original, self))
        setattr(self._owner, self._name, self._ours)

    def __exit__(self, *error: object) -> None:
        self.on = False  # somebody may have wrapped it after us: then it stays, and passes through
        if vars(self._owner).get(self._name) is self._ours:
            setattr(self._owner, self._name, self._original)


class _HiddenFromDynamo:
    """Where Dynamo looks at what runs around a compiled part, it leaves our functions alone."""

    def __enter__(self) -> None:
        from torch._dynamo.eval_frame import skip_code

        for function in (after_step, *(make(print, None) for make in (_backward, _scale, _step))):
            skip_code(function.__code__)
        for name, note in _plain.items():
            _hidden[name] = torch.compiler.disable(note)  # type: ignore[no-untyped-call]

    def __exit__(self, *error: object) -> None:
        _hidden.update(_plain)


# What runs at every step is one function each, that goes elsewhere only when there is more to
# do: between two steps all of it falls out of the processor's caches, and every function that
# is called costs a microsecond or two.


def after_step(optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    # Dynamo knows the answer while it compiles a step, and compiles nothing of ours into it.
    if _is_compiling():
        return
    try:
        quick = here.quick
        if quick is None or len(args) > 1 or kwargs or _watching() or not quick.step_quickly(optimizer):
            closure = args[1] if len(args) > 1 else kwargs.get("closure")
            (_hidden if _watching() else _plain)["step"](optimizer, closure is not None)
    except Exception:
        with _STEPPING:
            raise


def _note_step(optimizer: Optimizer, asks_itself: bool) -> None:
    if _quiet():
        here.losses.take()
    else:
        with _STEPPING:
            sessions.optimizer_stepped(optimizer, asks_itself)


def _backward(original: Callable[..., Any], patch: Any) -> Callable[..., Any]:
    def backward(self: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        # Special tensors come by again, when their own handling is done.
        if patch.on and not _is_special(self):
            quick = here.quick
            special = type(self) is not torch.Tensor or not self.is_cpu or self.dim() or _modes()
            if quick is None or quick.values or special:
                (_hidden if _watching() else _plain)["loss"](self)
            else:
                quick.values.append(self.item())
        return original(self, *args, **kwargs)

    return backward


def _note_loss(loss: torch.Tensor) -> None:
    if not _quiet():
        with _READING:
            if here.losses.values:
                unseen.look()
            here.losses.note(loss)


def _quiet() -> bool:
    """Nothing is recorded here, or somebody else records the whole fit."""
    context = current()
    return context.inside_fit or context.suppressed


def _scale(original: Callable[..., Any], patch: Any) -> Callable[..., Any]:
    def scale(self: GradScaler, outputs: Any) -> Any:
        scaled = original(self, outputs)
        if not _is_compiling() and patch.on and scaled is not outputs:
            (_hidden if _watching() else _plain)["scaled"](scaled, outputs)
        return scaled

    return scale


def _note_scaled(scaled: Any, outputs: Any) -> None:
    if isinstance(outputs, torch.Tensor) and not _quiet():
        with _READING:
            here.losses.note_scaled(scaled, outputs)


def _step(original: Callable[..., Any], patch: Any) -> Callable[..., Any]:
    def step(self: GradScaler, optimizer: Optimizer, *args: Any, **kwargs: Any) -> Any:
        result = original(self, optimizer, *args, **kwargs)
        if not _is_compiling() and patch.on:
            (_hidden if _watching() else _plain)["scaler step"](optimizer)
        return result

    return step


def _note_scaler_step(optimizer: Optimizer) -> None:
    if here.losses.values and not _quiet():
        with _STEPPING:
            sessions.step_skipped(optimizer)


_plain: dict[str, Callable[..., None]] = {
    "step": _note_step,
    "loss": _note_loss,
    "scaled": _note_scaled,
    "scaler step": _note_scaler_step,
}
_hidden = dict(_plain)
"""The same, not looked into by Dynamo once that is loaded."""


def _optimizer_made(call: Call, log: Log) -> Generator[None, Any, None]:
    yield
    optimizers.optimizer_made(call.instance)


def _scheduler_made(call: Call, log: Log) -> Generator[None, Any, None]:
    yield
    optimizers.scheduler_made(call.instance)
