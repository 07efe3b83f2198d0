"""PyTorch modules: weights as data, layers as data, and nothing that runs code nobody named."""

from __future__ import annotations

import copy
import gc
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file
from torch import nn

from autolog import flavors
from autolog.flavors import ModelNotLoadable, ModelNotSaved, ModelUntrusted
from autolog.flavors import torch as flavor
from autolog.flavors.torch import state as states
from autolog.flavors.torch.layers import described


class Net(nn.Module):
    """A class of the user's that needs no arguments."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Dropout(0.5), nn.Linear(4, 2))

    def forward(self, x: Any) -> Any:
        return self.layers(x)


class Sized(nn.Module):
    def __init__(self, size: int = 2) -> None:
        super().__init__()
        self.linear = nn.Linear(size, 1)


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Embedding(5, 3)
        self.decoder = nn.Linear(3, 5)
        self.decoder.weight = self.encoder.weight
        self.register_buffer("seen", torch.tensor(7))
        self.register_buffer("not_kept", torch.ones(2), persistent=False)

    def get_extra_state(self) -> Any:
        return {"any": "object"}

    def set_extra_state(self, state: Any) -> None:
        raise AssertionError("there is none")


NET = f"{__name__}.Net"
LAYERS: list[Callable[[], nn.Module]] = [
    lambda: nn.Sequential(nn.Linear(3, 4), nn.ReLU(inplace=True), nn.Linear(4, 2, bias=False)),
    lambda: nn.Sequential(nn.Conv2d(1, 2, (3, 1), padding="same"), nn.BatchNorm2d(2), nn.Flatten()),
    lambda: nn.ModuleDict(
        {"a": nn.ModuleList([nn.Embedding(4, 2, padding_idx=0)]), "b": nn.LayerNorm((2, 3))}
    ),
    lambda: nn.LSTM(3, 4, num_layers=2, bidirectional=True, batch_first=True, proj_size=2),
    lambda: nn.GRU(3, 4, bias=False),
    lambda: nn.RNN(3, 4, nonlinearity="relu"),
    lambda: nn.MultiheadAttention(8, 2, kdim=3, vdim=3),
    lambda: nn.Linear(2, 3, dtype=torch.float64),
    lambda: nn.Linear(2, 3).to(torch.bfloat16),
]


def same_state(a: nn.Module, b: nn.Module) -> bool:
    mine, theirs = a.state_dict(), b.state_dict()
    return mine.keys() == theirs.keys() and all(
        mine[k].dtype == theirs[k].dtype and torch.equal(mine[k], theirs[k])
        for k in mine
        if not k.endswith("_extra_state")
    )


@pytest.mark.parametrize("make", LAYERS)
def test_layers_of_torch_need_no_trust(make: Callable[[], nn.Module], tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = make()
    streams = torch.get_rng_state()
    info = flavors.save(model, tmp_path / "model")
    assert torch.equal(torch.get_rng_state(), streams)
    loaded = flavors.load_model(tmp_path / "model")
    assert torch.equal(torch.get_rng_state(), streams)
    assert repr(loaded) == repr(model)
    assert same_state(loaded, model)
    assert model.training and not loaded.training
    assert info.files.keys() == {
        *("model.safetensors", "structure.json"),
        *("requirements.txt", "python_env.yaml", "conda.yaml"),
    }
    assert "torch==" + torch.__version__.partition("+")[0] in "\n".join(info.requirements)


def test_what_the_model_says_is_the_same_and_the_model_as_it_was(tmp_path: Path) -> None:
    model = Net()
    before = copy.deepcopy(model.state_dict())
    rows = np.random.RandomState(0).normal(size=(6, 3))
    info = flavors.save(model, tmp_path / "model", example=rows)
    assert all(module.training for module in model.modules())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert info.signature is not None
    assert info.signature.outputs == (flavors.Tensor("float32", (-1, 2)),)
    loaded = flavors.load_model(tmp_path / "model", trust=[NET])
    expected = model.eval()(torch.tensor(rows, dtype=torch.float32))
    assert np.array_equal(flavor.flavor.predict(loaded, rows), expected.detach().numpy())


@pytest.mark.parametrize(
    "module",
    [
        nn.Sequential(*[nn.Linear(2, 2)] * 2),
        nn.utils.parametrizations.weight_norm(nn.Linear(2, 2)),
        nn.TransformerEncoderLayer(8, 2, batch_first=True),
        nn.LazyLinear(3),
        nn.Sequential(Net()),
    ],
    ids=["a layer used twice", "parametrized", "a function as argument", "lazy", "the user's inside"],
)
def test_what_is_not_known_for_sure_is_not_described(module: nn.Module) -> None:
    assert described(module) is None


def test_hooks_and_changed_layers_are_not_described() -> None:
    hooked, changed = nn.Linear(2, 2), nn.Sequential(nn.ReLU())
    hooked.register_forward_hook(lambda *_: None)
    changed[0].forward = lambda x: x  # type: ignore[method-assign]
    assert described(hooked) is None
    assert described(changed) is None


def test_a_class_of_the_users_is_called_only_when_it_is_named(tmp_path: Path) -> None:
    model = Net()
    flavors.save(model, tmp_path / "model")
    with pytest.raises(ModelUntrusted) as refused:
        flavors.load_model(tmp_path / "model")
    assert refused.value.types == (NET,)
    streams = torch.get_rng_state()
    assert same_state(flavors.load_model(tmp_path / "model", trust=[NET]), model)
    assert torch.equal(torch.get_rng_state(), streams)


def test_arguments_are_never_guessed(tmp_path: Path) -> None:
    """Not even those that have a default: who says that it was used?"""
    flavors.save(Sized(3), tmp_path / "model")
    with pytest.raises(ModelNotLoadable, match=r"safetensors\.torch\.load_model"):
        flavors.load_model(tmp_path / "model", trust=[f"{__name__}.Sized"])
    from safetensors.torch import load_model

    load_model(Sized(3), tmp_path / "model/model.safetensors")


def test_arguments_that_lightning_kept(tmp_path: Path) -> None:
    model = Sized(3)
    model.hparams_initial = {"size": 3, "other": object()}  # type: ignore[assignment]
    flavors.save(model, tmp_path / "model")
    assert same_state(flavors.load_model(tmp_path / "model", trust=[f"{__name__}.Sized"]), model)


def test_tied_weights_stay_tied_and_what_has_no_form_is_told(tmp_path: Path) -> None:
    model = Tied()
    flavors.save(model, tmp_path / "model")
    loaded = flavors.load_model(tmp_path / "model", trust=[f"{__name__}.Tied"])
    assert loaded.decoder.weight is loaded.encoder.weight
    assert torch.equal(loaded.encoder.weight, model.encoder.weight)
    assert loaded.seen == 7
    facts = yaml.safe_load((tmp_path / "model/MLmodel").read_text())["flavors"]["torch"]
    assert facts["shared"] == {"decoder.weight": "encoder.weight"}
    assert facts["not_kept"] == ["_extra_state"]


def test_every_kind_of_tensor(tmp_path: Path) -> None:
    whole = torch.arange(12.0).reshape(3, 4)
    kinds = "bool uint8 int8 int16 int32 int64 float16 bfloat16 float64 complex64".split()
    tensors = {name: torch.ones(2, dtype=getattr(torch, name)) for name in kinds}
    tensors |= {"turned": whole.t(), "part": whole[1], "scalar": torch.tensor(3.0)}
    tensors |= {"empty": torch.zeros(0, 4), "conjugated": torch.ones(2, dtype=torch.complex64).mul(1j).conj()}
    flavors.save(states.Weights(tensors, states.plan_of(nn.Module())), tmp_path / "model")
    state = load_file(tmp_path / "model/model.safetensors")
    assert state.keys() == tensors.keys()
    assert all(torch.equal(state[name], tensor) for name, tensor in tensors.items())


@pytest.mark.parametrize("make", [Net, Tied, LAYERS[0], LAYERS[1], LAYERS[3]])
def test_a_module_that_is_gone(make: Callable[[], nn.Module], tmp_path: Path) -> None:
    model = make()
    outline = states.Outline(model)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 1.0
    flavors.save(model, tmp_path / "there")
    gone = weakref.ref(model)
    del model, parameter
    assert gone() is None
    flavors.save(outline.weights(), tmp_path / "gone")
    there, after = (yaml.safe_load((tmp_path / name / "MLmodel").read_text()) for name in ("there", "gone"))
    assert after["flavors"] == there["flavors"]
    weights, others = (entry["metadata"]["autolog"]["sha256"] for entry in (after, there))
    assert weights["model.safetensors"] == others["model.safetensors"]
    loaded = flavors.load_model(tmp_path / "gone", trust=[NET, f"{__name__}.Tied"])
    assert same_state(loaded, flavors.load_model(tmp_path / "there", trust=[NET, f"{__name__}.Tied"]))


def test_an_outline_keeps_nothing_alive() -> None:
    class Cyclic(nn.Module):
        """Holds itself, its layers hold it, and its class holds the layers."""

        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(2, 2)
            self.itself = [self]
            self.method = self.forward
            self.linear.above = [self]
            type(self).last = self  # type: ignore[attr-defined]

    model = Cyclic()
    gone = weakref.ref(model)
    outline = states.Outline(model)
    del model, Cyclic
    gc.collect()
    assert gone() is None
    assert outline.weights().cls is None
    assert list(outline.weights().state) == ["linear.weight", "linear.bias"]


def test_what_is_around_a_module_is_taken_off(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(2, 1))
    flavors.save(nn.DataParallel(torch.compile(model, backend="eager")), tmp_path / "model")
    assert same_state(flavors.load_model(tmp_path / "model"), model)


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (nn.LazyLinear(3), "uninitialized"),
        (nn.Linear(2, 2, device="meta"), "no data"),
        (nn.Linear(2, 2, dtype=torch.complex128), "complex128"),
        (type("FullyShardedDataParallel", (nn.Module,), {})(), "several processes"),
    ],
    ids=["lazy", "no numbers", "dtype", "FSDP"],
)
def test_what_cannot_be_saved(model: nn.Module, why: str, tmp_path: Path) -> None:
    with pytest.raises(ModelNotSaved, match=why):
        flavors.save(model, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_weights_that_were_let_go_of(tmp_path: Path) -> None:
    """As FSDP does; reading them would end the process."""
    model = nn.Linear(2, 2)
    model.weight.untyped_storage().resize_(0)
    with pytest.raises(ModelNotSaved, match="no memory of its own"):
        flavors.save(model, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_without_safetensors_or_a_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stateless(nn.Module):
        def state_dict(self, *args: Any, **kwargs: Any) -> Any:
            raise ArithmeticError("no state")

    with pytest.raises(ModelNotSaved, match="no state"):
        flavors.save(Stateless(), tmp_path / "model")
    flavors.save(nn.Linear(1, 1), tmp_path / "model")
    monkeypatch.setitem(sys.modules, "safetensors.torch", None)  # type: ignore[arg-type]
    with pytest.raises(ModelNotLoadable, match="needs torch and safetensors"):
        flavors.load_model(tmp_path / "model")


def test_a_part_of_weights_that_are_spread_is_not_saved(tmp_path: Path) -> None:
    part = torch.ones(2)
    part.device_mesh = object()  # type: ignore[attr-defined]
    with pytest.raises(ModelNotSaved, match="several processes"):
        flavors.save(states.Weights({"weight": part}, states.plan_of(nn.Module())), tmp_path / "model")
