"""Modules: what they are made of, and how they are saved though nobody holds them any more."""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import UninitializedParameter

from ...flavors.torch.state import Outline, Weights

ROWS = 1000
"""Of more layers than these, the summary shows the first."""

NODES = 2000
"""So far the graph behind a loss is followed."""

_LOW = (torch.float16, torch.bfloat16)


class Held:
    """A module of the user's, that can be had when it dies, and is never kept alive.

    A weak reference tells of its death before its tensors are gone. No more than these is
    held: a class or an attribute may lead back to the module, which then would never die.
    """

    def __init__(self, module: nn.Module, suffix: str, died: Callable[[Held], None]) -> None:
        self.suffix = suffix
        self.kind = type(module).__name__
        self._ref = weakref.ref(module, lambda _: died(self))
        self._outline: Outline | None = Outline(module)

    def there(self) -> nn.Module | None:
        """The module, as long as its user has it."""
        return self._ref()

    def is_part(self, parameter: torch.Tensor) -> bool:
        module = self._ref()
        return module is not None and any(parameter is own for own in module.parameters())

    def path_to(self, parameters: Sequence[torch.Tensor]) -> str:
        """Where the smallest part is that has all of these; empty for the module itself."""
        module = self._ref()
        path = ""
        for name, part in module.named_modules() if module is not None else ():
            own = set(map(id, part.parameters()))
            if all(id(parameter) in own for parameter in parameters):
                path = name
        return path

    def model(self) -> nn.Module | Weights | None:
        """The module, or in its last moment its weights; None when it was let go of."""
        module = self._ref()
        return self._outline.weights() if module is None and self._outline is not None else module

    def let_go(self) -> None:
        self._outline = None


def facts(module: nn.Module, suffix: str = "") -> dict[str, Any]:
    """Class, layers and numbers of parameters."""
    own = [p for p in module.parameters() if not isinstance(p, UninitializedParameter)]
    return {
        f"model{suffix}": type(module).__name__,
        f"layers{suffix}": sum(1 for part in module.modules() if not part._modules),
        f"parameters{suffix}": sum(p.numel() for p in own),
        f"trainable_parameters{suffix}": sum(p.numel() for p in own if p.requires_grad),
    }


def summary(module: nn.Module) -> str:
    """One line for each layer: where it is, what it is, how many parameters it has of its own."""
    parts = list(module.named_modules())
    rows = [_row(name, part) for name, part in parts[:ROWS]]
    where, what = (max(map(len, column)) for column in list(zip(*rows, strict=True))[:2])
    lines = [f"{row[0]:<{where}}  {row[1]:<{what}}  {row[2]:>12}" for row in rows]
    if len(parts) > ROWS:
        lines.append(f"… and {len(parts) - ROWS:,} more")
    return "\n".join([*lines, ""])


def _row(name: str, part: nn.Module) -> tuple[str, str, str]:
    own = part.parameters(recurse=False)
    count = sum(p.numel() for p in own if not isinstance(p, UninitializedParameter))
    return name or "(model)", f"{type(part).__name__}({_settings(part)})", f"{count:,}"


def _settings(part: nn.Module) -> str:
    try:
        return " ".join(part.extra_repr().split())
    except Exception:  # noqa: BLE001  the user's own code
        return "…"


def conditions(parameter: torch.Tensor, graph: Any, modules: Sequence[nn.Module]) -> dict[str, Any]:
    """Where and in which precision the training runs. ``graph`` is what its first loss came from."""
    nodes = list(_nodes(graph))  # autocast and compiled functions are left when it comes to `backward`
    low = next(filter(None, (_low_precision(node, parameter.device) for node in nodes)), None)
    compiled = any(_kind(node).startswith("CompiledFunction") for node in nodes)
    found: dict[str, Any] = {"device": str(parameter.device), "dtype": _short(parameter.dtype)}
    if low is not None and parameter.dtype not in _LOW:
        found["amp"] = _short(low)
    if compiled or any(_is_compiled(part) for module in modules for part in module.modules()):
        found["compiled"] = True
    return found


def _is_compiled(module: nn.Module) -> bool:
    return getattr(module, "_compiled_call_impl", None) is not None


def _short(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _nodes(graph: Any) -> Iterator[Any]:
    """What a loss was computed by, as far as `NODES` go."""
    waiting = deque([] if graph is None else [graph])
    seen: set[Any] = set()
    while waiting and len(seen) < NODES:
        node = waiting.popleft()
        if node not in seen:
            seen.add(node)
            yield node
            waiting += _before(node)


def _kind(node: Any) -> str:
    return type(node).__name__


def _before(node: Any) -> list[Any]:
    """The nodes that a node's inputs came from; nothing where some releases refuse to say."""
    try:
        return [before for before, _ in node.next_functions if before is not None]
    except RuntimeError:
        return []


def _low_precision(node: Any, device: torch.device) -> torch.dtype | None:
    """The lower precision that a result is in, or that a parameter was cast to."""
    results = getattr(node, "_input_metadata", None)
    if results is not None:
        return next((result.dtype for result in results if result.dtype in _LOW), None)
    # Older releases of PyTorch do not say: there, what autocast makes of parameters on this device.
    of_parameter = any(_kind(before) == "AccumulateGrad" for before in _before(node))
    return torch.get_autocast_dtype(device.type) if of_parameter and "ToCopy" in _kind(node) else None
