"""Modules of torch.nn's own layers as data, and built again from it.

A layer is its class in torch.nn and the constructor's arguments, read from the attributes
of the same names; a container is its layers by name. Nothing is guessed: what was read is
built once more, without memory, and has to be the same layer for layer. Otherwise the
module counts as one that cannot be described.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

from ..errors import ModelDamaged

_CONTAINERS = ("Sequential", "ModuleList", "ModuleDict")
_DEEPEST = 100
_PLAIN = (bool, int, float, str, type(None))
_RECURRENT = (  # what the signature of LSTM, GRU and RNN does not say; only LSTM may be given the last
    *("input_size", "hidden_size", "num_layers", "nonlinearity", "bias", "batch_first", "dropout"),
    *("bidirectional", "proj_size"),
)
_BARE = ("device", "dtype")  # where the numbers lie, which the weights say themselves


def described(module: Any) -> dict[str, Any] | None:
    """The module as JSON values, or None when something in it is not known for sure."""
    import torch

    try:
        found = _described(module)
        if found is None:
            return None
        with torch.device("meta"):
            again = _built(found, 0)
    except Exception:  # noqa: BLE001  what a constructor says to arguments that are not its own
        return None
    return found if _same(module, again) else None


def build(structure: Any, state: Mapping[str, Any]) -> Any:
    """The module, with weights still to be filled in. ``state`` bounds how large it may be.

    Raises ModelDamaged for what describes no module, or one that the state does not fit.
    """
    import torch

    try:
        _bounded(structure, len(state))
        with torch.device("meta"):
            module = _built(structure, 0)
        if _shapes(module) != {name: tensor.shape for name, tensor in state.items()}:
            _refuse("its weights have other names or shapes")
        if all(name in state for name, _ in module.named_buffers()):
            return module.to_empty(device="cpu")  # first weights are neither drawn nor written
        with torch.random.fork_rng(devices=[]):
            return _built(structure, 0)
    except ModelDamaged:
        raise
    except Exception as error:  # a constructor may say anything to forged arguments
        raise ModelDamaged(f"the structure is damaged: {type(error).__name__}: {error}") from error


def _refuse(why: str) -> Any:
    raise ModelDamaged(f"the structure is damaged: {why}")


def _described(module: Any) -> dict[str, Any] | None:
    name = type(module).__name__
    if getattr(sys.modules["torch.nn"], name, None) is not type(module):
        return None
    if name in _CONTAINERS:
        layers = {key: _described(layer) for key, layer in module._modules.items()}
        return None if None in layers.values() else {"class": name, "layers": layers}
    arguments = dict(_arguments(module))
    return {"class": name, "arguments": arguments}


def _arguments(module: Any) -> Iterator[tuple[str, Any]]:
    """The constructor's arguments that the module has as attributes."""
    recurrent = isinstance(module, sys.modules["torch.nn"].RNNBase)
    for name in _RECURRENT if recurrent else inspect.signature(type(module)).parameters:
        if name in _BARE or not hasattr(module, name) or (name == "proj_size" and not module.proj_size):
            continue
        value = getattr(module, name)
        if name == "bias" and not isinstance(value, bool):  # the weights themselves, or None
            value = value is not None
        if _is_plain(value):
            yield name, list(value) if isinstance(value, tuple) else value


def _is_plain(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(isinstance(item, _PLAIN) for item in value)
    return isinstance(value, _PLAIN)


def _built(structure: Any, depth: int) -> Any:
    """The module that the data describes. Only classes of torch.nn, only plain arguments."""
    nn = sys.modules["torch.nn"]
    name = structure["class"]
    cls = getattr(nn, name) if name.isidentifier() and not name.startswith("_") else None
    if not (isinstance(cls, type) and issubclass(cls, nn.Module)) or depth > _DEEPEST:
        return _refuse(f"{name!r} is no layer of torch.nn")
    if name not in _CONTAINERS:
        return cls(**{key: _plain(key, value) for key, value in structure["arguments"].items()})
    layers = {key: _built(layer, depth + 1) for key, layer in structure["layers"].items()}
    made = cls()
    for key, layer in layers.items():
        made.add_module(key, layer)
    return made


def _plain(name: str, value: Any) -> Any:
    """Arguments are numbers, texts and tuples of them."""
    given = tuple(value) if isinstance(value, list) else value
    fits = _is_plain(given) and name not in _BARE
    return given if fits else _refuse(f"the argument {name} is a {type(value).__name__}")


def _bounded(structure: Any, tensors: int) -> None:
    """A layer that builds others in a loop builds no more than there are weights for."""
    for layer in structure.get("layers", {}).values():
        _bounded(layer, tensors)
    if structure.get("arguments", {}).get("num_layers", 0) > tensors:
        _refuse("more layers than weights")


def _shapes(module: Any) -> dict[str, Any]:
    return {name: value.shape for name, value in module.state_dict().items() if hasattr(value, "shape")}


def _same(module: Any, again: Any) -> bool:
    """Whether both have the same layers, with the same settings, sharing the same parts."""
    pairs = zip_longest(_layers(module), _layers(again))
    return (
        all(a is not None and b is not None and _alike(*a, *b) for a, b in pairs)
        and _sharing(module) == _sharing(again)
        and _shapes(module) == _shapes(again)
    )


def _layers(module: Any) -> Iterator[tuple[str, Any]]:
    yield from module.named_modules(remove_duplicate=False)


def _alike(name: str, layer: Any, other_name: str, other: Any) -> bool:
    mine, theirs = _settings(layer), _settings(other)
    if name != other_name or type(layer) is not type(other) or mine.keys() != theirs.keys():
        return False
    hooked = any(held for key, held in vars(layer).items() if key.endswith("_hooks"))
    return not hooked and all(_equal(mine[key], theirs[key]) for key in mine)


def _settings(layer: Any) -> dict[str, Any]:
    return {key: held for key, held in vars(layer).items() if not key.startswith("_") and key != "training"}


def _equal(mine: Any, theirs: Any) -> bool:
    return mine is theirs or (_is_plain(mine) and _is_plain(theirs) and mine == theirs)


def _sharing(module: Any) -> list[int]:
    """For each name of a layer or parameter, which is the first that means the same thing."""
    parts = [*_layers(module), *module.named_parameters(remove_duplicate=False)]
    first: dict[int, int] = {}
    return [first.setdefault(id(part), number) for number, (_, part) in enumerate(parts)]
