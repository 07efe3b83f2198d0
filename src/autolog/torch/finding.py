"""Which modules the parameters of an optimizer belong to: looked up once, at its first step."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator

import torch
from torch import nn

from .frames import globals_around

_WRAPPERS = {
    "OptimizedModule": "_orig_mod",
    "DistributedDataParallel": "module",
    "DataParallel": "module",
}


def modules_of(parameters: list[torch.Tensor]) -> list[nn.Module]:
    """The outermost modules that hold these parameters, those that hold most of them first.

    Looks in the user's modules, then among the youngest objects, then among all.
    """
    wanted = {id(parameter) for parameter in parameters}
    found: list[nn.Module] = []
    for objects in _places():
        found = _covering([*found, *_modules(objects)], wanted)
        if wanted <= {id(parameter) for module in found for parameter in module.parameters()}:
            break
    return [unwrapped(module) for module in found]


def unwrapped(module: nn.Module) -> nn.Module:
    """The user's own module below what torch.compile and (Distributed)DataParallel put around it."""
    while type(module).__name__ in _WRAPPERS and type(module).__module__.startswith("torch."):
        module = module._modules[_WRAPPERS[type(module).__name__]]  # type: ignore[assignment]
    return module


def _places() -> Iterator[Iterable[object]]:
    yield globals_around()
    yield gc.get_objects(generation=0)
    yield gc.get_objects(generation=1)
    yield gc.get_objects()


def _modules(objects: Iterable[object]) -> list[nn.Module]:
    """Only the type is looked at: asking an object of the user's may run code of theirs."""
    classes = set(_subclasses(nn.Module))
    return [item for item in objects if type(item) in classes]  # type: ignore[misc]


def _subclasses(cls: type) -> Iterator[type]:
    yield cls
    below: type
    for below in type.__subclasses__(cls):
        yield from _subclasses(below)


def _covering(modules: list[nn.Module], wanted: set[int]) -> list[nn.Module]:
    """Few modules that hold as many of the wanted parameters as there are to be had."""
    inner = {id(child) for module in modules for child in module._modules.values()}
    outermost = {id(module): module for module in modules if id(module) not in inner}
    held = [(wanted & {id(p) for p in module.parameters()}, module) for module in outermost.values()]
    found: list[nn.Module] = []
    left = set(wanted)
    for parts, module in sorted(held, key=lambda pair: -len(pair[0])):
        if parts & left:
            found.append(module)
            left -= parts
    return found
