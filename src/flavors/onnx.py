"""ONNX: the graph and its weights as one file, which is data; onnxruntime says what it predicts.

model.onnx       the model
model.onnx.data  its weights, when both are too large for one file (2 GB)
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .errors import ModelDamaged, ModelNotLoadable, ModelNotSaved
from .folder import inside
from .trust import Trust

_FILE = "model.onnx"
_WEIGHTS = "model.onnx.data"
_LARGEST = (2 << 30) - (64 << 20)
"""Bytes of weights in one file: protobuf ends at 2 GB, and the graph needs room, too."""

_PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")


class OnnxFlavor:
    name = "onnx"
    requires: tuple[str, ...] = ("onnx>=1.17", "onnxruntime>=1.20")

    def handles(self, model: object) -> bool:
        kind = getattr(sys.modules.get("onnx"), "ModelProto", None)
        return kind is not None and isinstance(model, kind)

    def save(self, model: Any, folder: Path) -> Mapping[str, Mapping[str, Any]]:
        if any(_is_elsewhere(tensor) for tensor in _tensors(model)):
            raise ModelNotSaved(
                "the weights of the model are in files of their own; onnx.load(path) reads them, too, "
                "unless it is told load_external_data=False"
            )
        try:
            _write(model, folder / _FILE)
            sys.modules["onnx"].checker.check_model(str(folder / _FILE))
        except OSError:
            raise
        except Exception as error:  # onnx's ValidationError, protobuf's EncodeError
            raise ModelNotSaved(f"this is no valid ONNX model: {error}") from error
        facts = {
            "code": None,
            "data": _FILE,
            "onnx_session_options": None,
            "onnx_version": sys.modules["onnx"].__version__,
            "providers": list(_PROVIDERS),
        }
        return {"onnx": facts, "python_function": {"loader_module": "mlflow.onnx", "data": _FILE}}

    def load(self, folder: Path, facts: Mapping[str, Any], trust: Trust) -> Any:
        """The `onnx.ModelProto`, with its weights in memory."""
        try:
            import onnx
            from onnx.external_data_helper import load_external_data_for_model
        except ImportError as error:
            raise ModelNotLoadable(f"the model in {folder} needs onnx, which is not installed") from error
        path = inside(folder, str(facts.get("data", _FILE)))
        try:
            model = onnx.load(path, load_external_data=False)
            _check_files(model, path.parent)
            onnx.checker.check_model(str(path))
            load_external_data_for_model(model, str(path.parent))
        except (ModelDamaged, MemoryError):
            raise
        except Exception as error:  # onnx's and protobuf's own; whatever is not as it was written
            raise ModelDamaged(f"{path} is cut off or damaged: {type(error).__name__}: {error}") from error
        return model

    def prepared(self, model: Any) -> Any:
        """A session of onnxruntime, which answers again and again. Raises ModelNotLoadable without it."""
        try:
            import onnxruntime
        except ImportError as error:
            raise ModelNotLoadable("onnxruntime is what predicts with an ONNX model; install it") from error
        providers = [name for name in _PROVIDERS if name in onnxruntime.get_available_providers()]
        if _weight(model) <= _LARGEST:
            return onnxruntime.InferenceSession(model.SerializeToString(), providers=providers)
        from tempfile import TemporaryDirectory  # not needed for most models

        with TemporaryDirectory() as folder:
            _write(model, Path(folder, _FILE))
            return onnxruntime.InferenceSession(Path(folder, _FILE), providers=providers)

    def predict(self, model: Any, data: Any, **params: Any) -> Any:
        """The output as an array; several as a dict by name."""
        session = self.prepared(model) if self.handles(model) else model
        names = [output.name for output in session.get_outputs()]
        found = session.run(names, _feeds(session.get_inputs(), data))
        return found[0] if len(found) == 1 else dict(zip(names, found, strict=True))


def _write(model: Any, path: Path) -> None:
    if _weight(model) <= _LARGEST:
        path.write_bytes(model.SerializeToString(deterministic=True))
        return
    onnx, copy = sys.modules["onnx"], type(model)()
    copy.CopyFrom(model)  # onnx takes the weights out of the model that it writes
    onnx.save_model(copy, path, save_as_external_data=True, location=_WEIGHTS)


def _weight(model: Any) -> int:
    """Bytes of all tensors; texts are not counted."""
    sizes = sys.modules["onnx"].helper.tensor_dtype_to_np_dtype
    return sum(math.prod(tensor.dims) * sizes(tensor.data_type).itemsize for tensor in _tensors(model))


def _is_elsewhere(tensor: Any) -> bool:
    return bool(tensor.data_location == tensor.EXTERNAL)


def _check_files(model: Any, folder: Path) -> None:
    for tensor in _tensors(model):
        if _is_elsewhere(tensor):
            place = {entry.key: entry.value for entry in tensor.external_data}
            file = inside(folder, place.get("location", ""))
            if file.stat().st_size < int(place.get("offset", 0)) + int(place.get("length", 0)):
                raise ModelDamaged(f"{file} is cut off: it ends within the tensor {tensor.name!r}")


def _tensors(model: Any) -> Iterator[Any]:
    """All tensors of a model, those within nodes and inner graphs included."""
    yield from _of_graph(model.graph)
    for training in model.training_info:
        yield from _of_graph(training.initialization)
        yield from _of_graph(training.algorithm)
    for function in model.functions:
        yield from _of_nodes(function.node)


def _of_graph(graph: Any) -> Iterator[Any]:
    yield from graph.initializer
    yield from _of_sparse(graph.sparse_initializer)
    yield from _of_nodes(graph.node)


def _of_nodes(nodes: Any) -> Iterator[Any]:
    for attribute in (attribute for node in nodes for attribute in node.attribute):
        yield from (attribute.t, *attribute.tensors)
        yield from _of_sparse((attribute.sparse_tensor, *attribute.sparse_tensors))
        for graph in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
            yield from _of_graph(graph)


def _of_sparse(tensors: Any) -> Iterator[Any]:
    for tensor in tensors:
        yield from (tensor.values, tensor.indices)


def _feeds(inputs: Any, data: Any) -> dict[str, Any]:
    """An array for each input: of a dict or a table with several inputs by name, else the data itself."""
    is_table = hasattr(data, "iloc") and hasattr(data, "columns")
    if not isinstance(data, Mapping) and (len(inputs) == 1 or not is_table):
        if len(inputs) > 1:
            raise ValueError(f"the model has several inputs; give a dict or a table of {_names(inputs)}")
        return {inputs[0].name: _fitting(data, inputs[0])}
    missing = [one.name for one in inputs if one.name not in data]
    if missing:
        raise ValueError(f"the model has the inputs {_names(inputs)}; the data lacks {missing[0]!r}")
    return {one.name: _fitting(data[one.name], one) for one in inputs}


def _names(inputs: Any) -> str:
    return ", ".join(repr(one.name) for one in inputs)


def _fitting(data: Any, asked: Any) -> Any:
    """The array in the type that the input has, at the cost of precision only; a column as (rows, 1)."""
    import numpy as np

    array = data.to_numpy() if hasattr(data, "to_numpy") else np.asarray(data)
    if array.ndim == 1 and len(asked.shape) == 2:
        array = array.reshape(-1, 1)
    wanted = _TYPES.get(asked.type)
    fits = wanted is not None and np.can_cast(array.dtype, wanted, "same_kind")
    return array.astype(wanted, copy=False) if fits else array


_TYPES = {
    "tensor(float16)": "float16",
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
    "tensor(string)": "object",
}

flavor = OnnxFlavor()
