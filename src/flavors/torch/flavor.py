"""PyTorch modules: weights as safetensors, which is data only, and how to build the module again.

model.safetensors   the state: parameters and buffers by name, tensors that are shared once
structure.json      the layers as data (`layers`), when all of them are torch.nn's own
data/model.pt2      for MLflow, where rows of the input are known: the exported program (`export`)

A class of the user's is built by calling it, once the caller has named it as trusted.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import ModelDamaged, ModelNotLoadable, ModelNotSaved
from ..folder import inside
from ..trust import Trust
from .arguments import from_json
from .asking import predicted, random_streams_kept
from .export import DATA, PROGRAM
from .file import can_be_filled, mapped, read_into, write
from .main import found, public_name, travelling
from .state import EXTRA, Weights, name_of, spread_over_processes, unwrapped, weights_of

_WEIGHTS = "model.safetensors"
_STRUCTURE = "structure.json"
_LARGEST = 16 << 20  # bytes of a JSON file


class TorchFlavor:
    name = "torch"
    requires: tuple[str, ...] = ("torch>=2.4", "safetensors>=0.7")

    def handles(self, model: object) -> bool:
        base = getattr(sys.modules.get("torch.nn"), "Module", None)
        return isinstance(model, Weights) or (base is not None and isinstance(model, base))

    def save(self, model: Any, folder: Path) -> Mapping[str, Mapping[str, Any]]:
        weights = model if isinstance(model, Weights) else weights_of(model)
        shared = _write(weights.state, folder / _WEIGHTS)
        plan = weights.plan
        facts: dict[str, Any] = {
            "data": _WEIGHTS,
            "model_class": plan.class_name,
            "shared": shared,
            "not_kept": [name for name in weights.state if name.endswith(EXTRA)],
            "torch_version": str(sys.modules["torch"].__version__),
        }
        if plan.structure is not None:
            (folder / _STRUCTURE).write_text(json.dumps(plan.structure, indent=1), encoding="utf-8")
            facts["structure"] = _STRUCTURE
        elif plan.arguments is not None:
            facts["arguments"] = dict(plan.arguments)
        else:
            facts["unknown"] = plan.unknown
        if weights is not model and (module := travelling(type(unwrapped(model)), folder)):
            facts["script"] = module
        return {self.name: facts}

    def for_mlflow(self, model: Any, rows: Any, folder: Path) -> Mapping[str, Mapping[str, Any]]:
        from .export import export

        if isinstance(model, Weights):
            raise ModelNotSaved("it cannot be exported: the module is gone")
        return export(unwrapped(model), rows, folder)

    def load(self, folder: Path, facts: Mapping[str, Any], trust: Trust) -> Any:
        """The module, in evaluation mode, on the CPU; no random numbers are drawn for its first weights."""
        path = inside(folder, facts.get("data", _WEIGHTS))
        if trust.pickle and "unknown" in facts and (folder / DATA / PROGRAM).exists():
            from .mlflow import read

            return read(folder, inside(folder, f"{DATA}/{PROGRAM}"), trust)
        state = mapped(path)
        if "structure" in facts:
            from .layers import build

            module = build(described(inside(folder, facts["structure"])), _with_shared(state, facts, path))
        else:
            with random_streams_kept():
                module = self.made(folder, facts, trust)
        _fill(module, state, facts, path)
        return module.eval()

    def made(self, folder: Path, facts: Mapping[str, Any], trust: Trust) -> Any:
        """The user's class, called with what is recorded, if the caller has named it."""
        name, arguments = public_name(facts), facts.get("arguments")
        if not isinstance(arguments, Mapping):
            raise not_recorded(f"how {name} was made", facts.get("unknown"), folder)
        trust.require(name, f"the model in {folder} is of the class")
        cls = found(facts, folder, trust)
        if not (isinstance(cls, type) and issubclass(cls, sys.modules["torch.nn"].Module)):
            raise ModelDamaged(f"{name} is no class of PyTorch modules")
        return cls(**self.called_with(facts))

    def called_with(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments of the user's class."""
        return dict(from_json(facts["arguments"]))

    def predict(self, model: Any, data: Any, **params: Any) -> Any:
        if isinstance(model, Weights):
            raise NotImplementedError("the module is gone")
        return predicted(model, data)


def not_recorded(what: str, why: Any, folder: Path) -> ModelNotLoadable:
    exported = (folder / DATA / PROGRAM).exists()
    return ModelNotLoadable(
        f"{what} is not recorded{f' ({why})' if why else ''}; make it yourself and fill it: "
        f"safetensors.torch.load_model(model, {str(folder / _WEIGHTS)!r})"
        + (', or load the program that was exported of it with trust="pickle"' if exported else "")
    )


def described(path: Path) -> Any:
    """What a JSON file of the folder says. Raises ModelDamaged."""
    try:
        with open(path, "rb") as file:
            text = file.read(_LARGEST + 1)
        if len(text) > _LARGEST:
            raise ValueError(f"it is larger than {_LARGEST} bytes")
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelDamaged(f"{path} is damaged: {error}") from error


def _write(state: Mapping[str, Any], path: Path) -> dict[str, str]:
    """The tensors of the state, each once; which names stand for a tensor of another name."""
    try:
        tensors, shared = _each_once(state)
        write(tensors, path)
    except (OSError, ModelNotSaved):
        raise
    except Exception as error:  # tensors without numbers, without storage
        raise ModelNotSaved(f"its state has no safe form: {type(error).__name__}: {error}") from error
    return shared


def _each_once(state: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The tensors that are different ones, and the names that stand for one of these."""
    tensors: dict[str, Any] = {}
    first: dict[Any, str] = {}
    shared: dict[str, str] = {}
    for name, tensor in state.items():
        if name.endswith(EXTRA):
            continue
        if hasattr(tensor, "device_mesh"):  # it would be the part of this process
            raise spread_over_processes()
        place = (tensor.device, tensor.data_ptr(), tensor.dtype, tensor.shape, tensor.stride())
        if tensor.numel() and first.setdefault(place, name) != name:
            shared[name] = first[place]
        else:
            tensors[name] = tensor
    return tensors, shared


def _with_shared(state: Mapping[str, Any], facts: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The tensors by all of their names."""
    try:
        shared = dict(facts.get("shared") or {})
        return {**state, **{str(name): state[kept] for name, kept in shared.items()}}
    except (TypeError, ValueError, KeyError) as error:
        raise ModelDamaged(f"{path} is damaged: {type(error).__name__}: {error}") from error


def _fill(module: Any, state: Mapping[str, Any], facts: Mapping[str, Any], path: Path) -> None:
    """The weights into the module, in their own dtype. Raises ModelDamaged unless each one fits."""
    import torch

    own = module.state_dict(keep_vars=True)
    named = _with_shared(state, facts, path)
    try:
        for name, tensor in named.items():
            if name in own and own[name].dtype != tensor.dtype:
                own[name].data = torch.empty_like(own[name].data, dtype=tensor.dtype)
        ready = _read_in_place(module, own, state, path)
        wrong = module.load_state_dict({**named, **ready}, strict=False)
    except RuntimeError as error:
        raise ModelDamaged(f"{path} does not fit {name_of(type(module))}: {error}") from error
    lacking = [name for name in wrong.missing_keys if not name.endswith(EXTRA)]
    if misfits := [*lacking, *wrong.unexpected_keys]:
        raise ModelDamaged(f"{path} does not fit {name_of(type(module))}: {', '.join(misfits)}")


def _read_in_place(
    module: Any, own: Mapping[str, Any], state: Mapping[str, Any], path: Path
) -> dict[str, Any]:
    """The module's own tensors, read from the file: to `load_state_dict` they are what they shall be.

    Others, such as those that the class gives other names in its state, are left to it.
    """
    held = {id(tensor) for tensor in (*module.parameters(), *module.buffers())}
    ready = {
        name: own[name]
        for name, tensor in state.items()
        if id(own.get(name)) in held and can_be_filled(own[name], tensor)
    }
    read_into(path, ready)
    return ready


flavor = TorchFlavor()
