"""What a PyTorch module is saved as: its state, and how it can be built again.

A module that is about to die can be saved by its `Outline`, which was made before and does
not keep it alive.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ModelNotSaved
from .arguments import NotKnown, arguments_of

EXTRA = "_extra_state"  # under such names, state_dict() has whatever a module likes
_WRAPPERS = ("_orig_mod", "module")  # where torch.compile and DataParallel keep the user's own module


@dataclass(frozen=True)
class Plan:
    """How to build a module: its class, and its layers or arguments where they are known for sure."""

    class_name: str
    structure: Mapping[str, Any] | None
    arguments: Mapping[str, Any] | None
    unknown: str = ""  # why the arguments are not known


@dataclass(frozen=True)
class Weights:
    """The state of a module, there or gone; saved and loaded as the module itself would be."""

    state: Mapping[str, Any]
    plan: Plan
    cls: type | None = None


class Outline:
    """What `Weights` can be made of when the module is gone.

    Holds the dicts of its tensors, which hold nothing else: no layer, no attribute and no
    class, since any of these may lead back to the module. Layers added later are not in it.
    """

    def __init__(self, module: Any) -> None:
        own = unwrapped(module)
        base = sys.modules["torch.nn"].Module
        parts = list(own.named_modules(remove_duplicate=False))
        self._plan = plan_of(own)
        self._class = weakref.ref(type(own))
        self._spread = _is_spread(own)
        self._tensors = [
            (f"{name}." if name else "", part._parameters, part._buffers, part._non_persistent_buffers_set)
            for name, part in parts
        ]
        self._extra = [
            f"{name}.{EXTRA}".lstrip(".")
            for name, part in parts
            if type(part).get_extra_state is not base.get_extra_state
        ]

    def weights(self) -> Weights:
        """As they are now. Raises ModelNotSaved for a module spread over processes."""
        if self._spread:
            raise spread_over_processes()
        state: dict[str, Any] = {}
        for prefix, parameters, buffers, passing in self._tensors:
            kept = {name: tensor for name, tensor in buffers.items() if name not in passing}
            for name, tensor in {**parameters, **kept}.items():
                if tensor is not None:
                    state[prefix + name] = tensor
        return Weights({**state, **dict.fromkeys(self._extra)}, self._plan, self._class())


def weights_of(module: Any) -> Weights:
    """The state of a module as it is now. Raises ModelNotSaved where it is not to be had."""
    own = unwrapped(module)
    if _is_spread(own):  # asking for its state would wait for the others
        raise spread_over_processes()
    try:
        return Weights(own.state_dict(), plan_of(own), type(own))
    except Exception as error:  # the user's own state_dict() may raise anything
        raise ModelNotSaved(f"its state cannot be had: {type(error).__name__}: {error}") from error


def unwrapped(module: Any) -> Any:
    """The user's own module below what torch.compile and (Distributed)DataParallel put around it."""
    while type(module).__module__.startswith(("torch._dynamo.", "torch.nn.parallel.")):
        held = (module._modules.get(name) for name in _WRAPPERS)
        module = next(inner for inner in held if inner is not None)
    return module


def name_of(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def plan_of(module: Any) -> Plan:
    """How to build the module again. Draws no random numbers and runs no code of the user's."""
    from .layers import described

    name, structure = name_of(type(module)), described(module)
    try:
        return Plan(name, structure, arguments_of(module))
    except NotKnown as error:
        return Plan(name, structure, None, str(error))


def _is_spread(module: Any) -> bool:
    return any(type(part).__name__ == "FullyShardedDataParallel" for part in module.modules())


def spread_over_processes() -> ModelNotSaved:
    return ModelNotSaved("its parameters are spread over several processes (FSDP)")
