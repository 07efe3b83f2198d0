"""Forged folders of PyTorch models. No hashes hold them back, as MLflow's models have none either."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from torch import nn

from autolog import flavors
from autolog.flavors import ModelDamaged, ModelNotLoadable, ModelUntrusted


class Net(nn.Module):
    """A class of the user's that needs no arguments."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))


NET = f"{__name__}.Net"


def forged(folder: Path, model: nn.Module, **facts: Any) -> Path:
    flavors.save(model, folder)
    document = yaml.safe_load((folder / "MLmodel").read_text())
    document.pop("metadata")
    document["flavors"]["torch"].update(facts)
    (folder / "MLmodel").write_text(yaml.safe_dump(document))
    return folder


def structured(folder: Path, structure: Any) -> Path:
    forged(folder, nn.Linear(2, 2))
    text = structure if isinstance(structure, str) else json.dumps(structure)
    (folder / "structure.json").write_text(text)
    return folder


def linear(**arguments: Any) -> dict[str, Any]:
    return {"class": "Linear", "arguments": {"in_features": 2, "out_features": 2, **arguments}}


@pytest.mark.parametrize(
    "structure",
    [
        "[" * 100_000,
        "no json",
        [],
        {"class": "Linear"},
        linear(in_features=3),
        linear(in_features=10**12),
        linear(in_features=[[2]]),
        linear(in_features={"a": 1}),
        linear(unknown=1),
        linear(device="meta"),
        {"class": "LSTM", "arguments": {"input_size": 1, "hidden_size": 1, "num_layers": 10**9}},
        {"class": "init", "arguments": {}},
        {"class": "__class__", "arguments": {}},
        {"class": "modules.Linear", "arguments": {}},
        {"class": "os.system", "arguments": {"command": "false"}},
        {"class": "Sequential", "layers": {"": linear()}},
        {"class": "Sequential", "layers": {"forward": linear()}},
        {"class": "Sequential", "layers": {"0": linear(), "1": linear()}},
    ],
)
def test_a_forged_structure(structure: Any, tmp_path: Path) -> None:
    with pytest.raises(ModelDamaged):
        flavors.load_model(structured(tmp_path / "model", structure))


def test_a_structure_in_a_structure_without_end(tmp_path: Path) -> None:
    structure: dict[str, Any] = linear()
    for _ in range(200):
        structure = {"class": "Sequential", "layers": {"0": structure}}
    with pytest.raises(ModelDamaged):
        flavors.load_model(structured(tmp_path / "model", structure))


def header(text: bytes) -> bytes:
    return struct.pack("<Q", len(text)) + text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 a pickle in a zip",
        struct.pack("<Q", 2**60) + b"{}",
        header(b"{}"),
        header(b'{"weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}'),
        header(b'{"weight": {"dtype": "F32", "shape": [2, 9], "data_offsets": [0, 16]}}') + bytes(16),
        header(b'{"weight": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}') + bytes(16),
    ],
    ids=["empty", "zip", "huge header", "no tensors", "cut off", "shape and size", "another shape"],
)
@pytest.mark.parametrize("own", [True, False], ids=["layers", "class"])
def test_forged_weights(content: bytes, own: bool, tmp_path: Path) -> None:
    folder = forged(tmp_path / "model", nn.Linear(2, 2) if own else Net())
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(ModelDamaged):
        flavors.load_model(folder, trust=[NET])


def test_weights_cut_off_at_any_byte(tmp_path: Path) -> None:
    folder = forged(tmp_path / "model", nn.Linear(2, 2))
    content = (folder / "model.safetensors").read_bytes()
    for length in range(0, len(content), 7):
        (folder / "model.safetensors").write_bytes(content[:length])
        with pytest.raises(ModelDamaged):
            flavors.load_model(folder)


def test_a_changed_byte_is_found_by_its_hash(tmp_path: Path) -> None:
    flavors.save(nn.Linear(2, 2), tmp_path / "model")
    path = tmp_path / "model/model.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    with pytest.raises(ModelDamaged, match="SHA-256"):
        flavors.load_model(tmp_path / "model")


@pytest.mark.parametrize("name", ["../weights", "/etc/passwd", "a\\b", "none", ""])
@pytest.mark.parametrize("key", ["data", "structure"])
def test_files_outside_of_the_folder(key: str, name: str, tmp_path: Path) -> None:
    folder = forged(tmp_path / "model", nn.Linear(2, 2), **{key: name})
    (tmp_path / "weights").write_bytes((folder / "model.safetensors").read_bytes())
    with pytest.raises(ModelDamaged):
        flavors.load_model(folder)


@pytest.mark.parametrize("shared", [["a"], {"weight": "nothing"}, 7, {"more": "layers.0.weight"}])
def test_forged_sharing(shared: Any, tmp_path: Path) -> None:
    with pytest.raises(ModelDamaged):
        flavors.load_model(forged(tmp_path / "model", Net(), shared=shared), trust=[NET])


def test_a_class_that_is_none(tmp_path: Path) -> None:
    for name, error in {
        "os.system": ModelDamaged,
        "nowhere.Net": ModelNotLoadable,
        "Net": ModelNotLoadable,
        f"{__name__}.forged": ModelDamaged,
    }.items():
        folder = forged(tmp_path / name, Net(), model_class=name)
        with pytest.raises(ModelUntrusted):
            flavors.load_model(folder, trust=[NET])
        with pytest.raises(error):
            flavors.load_model(folder, trust=[name])


def test_a_pickled_model_is_not_opened(tmp_path: Path) -> None:
    class Harm:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "harm"),)

    folder = forged(tmp_path / "model", Net())
    torch.save(Harm(), folder / "model.safetensors")
    with pytest.raises(ModelDamaged):
        flavors.load_model(folder, trust=[NET])
    assert not (tmp_path / "harm").exists()
