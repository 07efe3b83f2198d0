"""ONNX models: what they take, what they give, and files that are not what they seem."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
import yaml
from onnx import TensorProto, helper, numpy_helper

import autolog
from autolog.flavors import ModelDamaged, ModelNotSaved
from autolog.flavors import onnx as flavors_onnx

X = np.arange(12.0).reshape(4, 3)
WEIGHTS = np.random.RandomState(0).random_sample((3, 200)).astype("f4")


def model(nodes: Any, inputs: dict[str, int], outputs: dict[str, int], **tensors: Any) -> onnx.ModelProto:
    """A graph of columns of float32."""
    described = [
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", width])
            for name, width in side.items()
        ]
        for side in (inputs, outputs)
    ]
    held = [numpy_helper.from_array(array, name) for name, array in tensors.items()]
    graph = helper.make_graph([helper.make_node(*node) for node in nodes], "graph", *described, held)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


@pytest.fixture
def linear() -> onnx.ModelProto:
    return model([("MatMul", ["x", "w"], ["y"])], {"x": 3}, {"y": 200}, w=WEIGHTS)


@pytest.fixture
def two() -> onnx.ModelProto:
    nodes = [("Add", ["a", "b"], ["sum"]), ("Mul", ["a", "b"], ["product"])]
    return model(nodes, {"a": 1, "b": 1}, {"sum": 1, "product": 1})


def test_the_graph_comes_back_as_it_was(linear: onnx.ModelProto, tmp_path: Path) -> None:
    before = linear.SerializeToString()
    info = autolog.save_model(linear, tmp_path / "model", input_example=X)
    assert linear.SerializeToString() == before
    assert info.flavor == "onnx"
    assert [line.partition("==")[0] for line in info.requirements] == ["numpy", "onnx", "onnxruntime"]
    assert info.signature is not None
    assert info.signature.outputs == (autolog.flavors.Tensor("float32", (-1, 200)),)
    loaded = autolog.load_model(tmp_path / "model")
    assert isinstance(loaded, onnx.ModelProto)
    assert loaded.SerializeToString() == before


@pytest.mark.parametrize(
    "rows",
    [X, X.astype("f4"), X.astype(int), pd.DataFrame(X), {"x": X}],
    ids=["f8", "f4", "int", "table", "dict"],
)
def test_what_it_takes(rows: Any, linear: onnx.ModelProto, tmp_path: Path) -> None:
    autolog.save_model(linear, tmp_path / "model")
    predictor = autolog.load_predictor(tmp_path / "model")
    np.testing.assert_allclose(predictor.predict(rows), X.astype("f4") @ WEIGHTS, rtol=1e-5)


def test_several_inputs_and_outputs_by_name(two: onnx.ModelProto, tmp_path: Path) -> None:
    table = pd.DataFrame({"b": [1.0, 2.0], "a": [3.0, 4.0]})
    autolog.save_model(two, tmp_path / "model", input_example=table)
    predictor = autolog.load_predictor(tmp_path / "model")
    found = predictor.predict(table)
    assert {name: array.tolist() for name, array in found.items()} == {
        "sum": [[4.0], [6.0]],
        "product": [[3.0], [8.0]],
    }
    with pytest.raises(ValueError, match="several inputs; give a dict or a table of 'a', 'b'"):
        autolog.flavors.onnx.flavor.predict(predictor.model, X)
    with pytest.raises(ValueError, match="the data lacks 'b'"):
        autolog.flavors.onnx.flavor.predict(predictor.model, {"a": [1.0]})


def test_weights_in_a_file_of_their_own(
    linear: onnx.ModelProto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As they are written when they are too large for one file."""
    before = linear.SerializeToString()
    monkeypatch.setattr(flavors_onnx, "_LARGEST", WEIGHTS.nbytes - 1)
    info = autolog.save_model(linear, tmp_path / "model", input_example=X)
    assert linear.SerializeToString() == before
    assert (tmp_path / "model/model.onnx.data").stat().st_size >= WEIGHTS.nbytes
    assert "model.onnx.data" in info.files
    (held,) = autolog.load_model(tmp_path / "model").graph.initializer
    assert (numpy_helper.to_array(held) == WEIGHTS).all()
    predictor = autolog.load_predictor(tmp_path / "model")
    np.testing.assert_allclose(predictor.predict(X), X.astype("f4") @ WEIGHTS, rtol=1e-5)


def by_mlflow(linear: onnx.ModelProto, folder: Path, change: Any) -> Path:
    """A folder as MLflow writes it, without hashes, with the weights in a file of their own."""
    folder.mkdir()
    onnx.save_model(linear, folder / "model.onnx", save_as_external_data=True, location="weights")
    graph = onnx.load(folder / "model.onnx", load_external_data=False)
    change(graph.graph.initializer[0].external_data, folder)
    onnx.save_model(graph, folder / "model.onnx")
    (folder / "MLmodel").write_text(yaml.safe_dump({"flavors": {"onnx": {"data": "model.onnx"}}}))
    return folder


def elsewhere(place: str) -> Any:
    def change(entries: Any, folder: Path) -> None:
        (folder / "weights").rename(folder.parent / "weights")
        entries[0].value = place

    return change


def linked(entries: Any, folder: Path) -> None:
    (folder / "weights").rename(folder.parent / "weights")
    (folder / "weights").symlink_to(folder.parent / "weights")


def shorter(entries: Any, folder: Path) -> None:
    (folder / "weights").write_bytes((folder / "weights").read_bytes()[:-8])


@pytest.mark.parametrize(
    "change", [elsewhere("../weights"), elsewhere("/weights"), elsewhere(""), linked, shorter],
    ids=["outside", "absolute", "nowhere", "linked", "cut off"],
)  # fmt: skip
def test_weights_that_lead_out_of_the_folder_or_are_cut_off(
    change: Any, linear: onnx.ModelProto, tmp_path: Path
) -> None:
    folder = by_mlflow(linear, tmp_path / "model", change)
    with pytest.raises(ModelDamaged):
        autolog.load_model(folder)


def test_a_graph_that_is_none(linear: onnx.ModelProto, tmp_path: Path) -> None:
    folder = by_mlflow(linear, tmp_path / "model", lambda *_: None)
    assert isinstance(autolog.load_model(folder), onnx.ModelProto)
    (folder / "model.onnx").write_bytes(b"\x08\x09 no graph")
    with pytest.raises(ModelDamaged, match="cut off or damaged"):
        autolog.load_model(folder)


def test_what_cannot_be_saved(linear: onnx.ModelProto, tmp_path: Path) -> None:
    folder = by_mlflow(linear, tmp_path / "model", lambda *_: None)
    without = onnx.load(folder / "model.onnx", load_external_data=False)
    with pytest.raises(ModelNotSaved, match="in files of their own; onnx.load"):
        autolog.save_model(without, tmp_path / "again")
    with pytest.raises(ModelNotSaved, match="no valid ONNX model"):
        autolog.save_model(onnx.ModelProto(), tmp_path / "again")
    assert not (tmp_path / "again").exists()
