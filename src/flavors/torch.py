"""PyTorch modules: weights as safetensors, which is data only, and how to build the module again.

model.safetensors   the state: parameters and buffers by name, tensors that are shared once
structure.json      the layers as data (`torchlayers`), when all of them are torch.nn's own

A class of the user's is built by calling it, once the caller has named it as trusted.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .errors import ModelDamaged, ModelNotLoadable, ModelNotSaved, ModelUntrusted
from .folder import inside
from .torchstate import EXTRA, Weights, name_of, spread_over_processes, weights_of
from .trust import Trust

_WEIGHTS = "model.safetensors"
_STRUCTURE = "structure.json"
_LARGEST = 16 << 20  # bytes of structure.json


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
        return {"torch": facts}

    def load(self, folder: Path, facts: Mapping[str, Any], trust: Trust) -> Any:
        """The module, in evaluation mode, on the CPU; no random numbers are drawn for its first weights."""
        path = inside(folder, facts.get("data", _WEIGHTS))
        state = _read(path, facts.get("shared"))
        if "structure" in facts:
            from .torchlayers import build

            module = build(_described(inside(folder, facts["structure"])), state)
        else:
            module = _of_the_users(facts, path, trust)
        _fill(module, state, path)
        return module.eval()

    def predict(self, model: Any, data: Any, **params: Any) -> Any:
        torch = sys.modules["torch"]
        if isinstance(model, Weights):
            raise NotImplementedError("the module is gone")
        rows = torch.as_tensor(data.to_numpy() if hasattr(data, "to_numpy") else data)
        first = next(model.parameters(), None)
        if first is not None:
            rows = rows.to(first.device, first.dtype if rows.is_floating_point() else None)
        with _asked_quietly(model):
            said = model(rows)
        return said.float().cpu().numpy() if said.dtype == torch.bfloat16 else said.cpu().numpy()


def _write(state: Mapping[str, Any], path: Path) -> dict[str, str]:
    """The tensors of the state, each once; which names stand for a tensor of another name."""
    try:
        from safetensors.torch import save_file
    except ImportError as error:
        raise ModelNotSaved(f"safetensors is needed for that: {error}") from error
    try:
        tensors, shared = _each_once(state)
        save_file(tensors, path)
    except (OSError, ModelNotSaved):
        raise
    except Exception as error:  # tensors without numbers, without storage, of a dtype that the file lacks
        raise ModelNotSaved(f"its state has no safe form: {type(error).__name__}: {error}") from error
    return shared


def _each_once(state: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Tensors that share no memory, as the file wants them, and the names that share one."""
    tensors: dict[str, Any] = {}
    first: dict[Any, str] = {}
    storages: set[int] = set()
    shared: dict[str, str] = {}
    for name, tensor in state.items():
        if name.endswith(EXTRA):
            continue
        if hasattr(tensor, "device_mesh"):  # it would be the part of this process
            raise spread_over_processes()
        place = (tensor.device, tensor.data_ptr(), tensor.dtype, tensor.shape, tensor.stride())
        if tensor.numel() and first.setdefault(place, name) != name:
            shared[name] = first[place]
            continue
        storage = tensor.untyped_storage().data_ptr()
        tensors[name] = tensor.detach().clone() if storage in storages else tensor.detach()
        tensors[name] = tensors[name].contiguous()
        storages.add(storage)
    return tensors, shared


def _read(path: Path, shared: Any) -> dict[str, Any]:
    """The tensors by name. Raises ModelDamaged for a file that is none."""
    try:
        from safetensors.torch import load_file
    except ImportError as error:
        raise ModelNotLoadable(f"{path} needs torch and safetensors: {error}") from error
    try:
        state = load_file(path)
        return {**state, **{str(name): state[kept] for name, kept in dict(shared or {}).items()}}
    except Exception as error:  # whatever is not as it was written
        raise ModelDamaged(f"{path} is damaged: {type(error).__name__}: {error}") from error


def _described(path: Path) -> Any:
    try:
        with open(path, "rb") as file:
            text = file.read(_LARGEST + 1)
        if len(text) > _LARGEST:
            raise ValueError(f"it is larger than {_LARGEST} bytes")
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelDamaged(f"{path} is damaged: {error}") from error


def _of_the_users(facts: Mapping[str, Any], path: Path, trust: Trust) -> Any:
    """The user's class, called with what is recorded, if the caller has named it."""
    name, arguments = str(facts.get("model_class")), facts.get("arguments")
    if not isinstance(arguments, Mapping):
        raise ModelNotLoadable(
            f"how {name} was made is not recorded; make it yourself and fill it: "
            f"safetensors.torch.load_model(model, {str(path)!r})"
        )
    if name not in trust:
        raise ModelUntrusted(
            f'the model in {path.parent} is of the class {name}; if you trust it, load with trust=["{name}"]',
            (name,),
        )
    found = _imported(name, trust)
    with _random_streams_kept():
        return found(**{str(key): value for key, value in arguments.items()})


def _imported(name: str, trust: Trust) -> Any:
    from torch import nn

    module, _, path = name.rpartition(".")
    found = trust.find(module, path)
    if not (isinstance(found, type) and issubclass(found, nn.Module)):
        raise ModelDamaged(f"{name} is no class of PyTorch modules")
    return found


def _fill(module: Any, state: Mapping[str, Any], path: Path) -> None:
    """The weights into the module, in their own dtype. Raises ModelDamaged unless each one fits."""
    own = module.state_dict(keep_vars=True)
    try:
        for name, tensor in state.items():
            if name in own and own[name].dtype != tensor.dtype:
                own[name].data = own[name].data.to(tensor.dtype)
        wrong = module.load_state_dict(state, strict=False)
    except RuntimeError as error:
        raise ModelDamaged(f"{path} does not fit {name_of(type(module))}: {error}") from error
    lacking = [name for name in wrong.missing_keys if not name.endswith(EXTRA)]
    if misfits := [*lacking, *wrong.unexpected_keys]:
        raise ModelDamaged(f"{path} does not fit {name_of(type(module))}: {', '.join(misfits)}")


@contextmanager
def _asked_quietly(model: Any) -> Iterator[None]:
    """In evaluation mode, without gradients; nothing of the user's is different afterwards."""
    before = [(module, module.training) for module in model.modules()]
    with sys.modules["torch"].no_grad(), _random_streams_kept():
        try:
            for module, _ in before:
                module.training = False
            yield
        finally:
            for module, training in before:
                module.training = training


@contextmanager
def _random_streams_kept() -> Iterator[None]:
    import torch

    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        yield


flavor = TorchFlavor()
