"""Run by a Python that has MLflow, where there is no autolog: what it makes of each folder, as JSON.

Arguments: a folder with our models, and one for a model that MLflow saves.
"""

from __future__ import annotations

import importlib
import json
import logging
import sys
import warnings
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import numpy as np
from mlflow.models.utils import load_serving_example
from mlflow.pyfunc.scoring_server import _split_data_and_params, infer_and_parse_data

sys.modules["autolog"] = None  # type: ignore[assignment]  # an import of it fails from now on

LIBRARIES = ("sklearn", "xgboost", "lightgbm", "onnx")


def report(folder: Path) -> dict[str, Any]:
    """What it predicts for its own example: by the library's way, by MLflow's, and as a server."""
    model = mlflow.pyfunc.load_model(str(folder))
    example = model.input_example
    found: dict[str, Any] = {"pyfunc": texts(model.predict(example))}
    if (folder / "serving_input_example.json").exists():
        body, _ = _split_data_and_params(load_serving_example(str(folder)))
        found["served"] = texts(model.predict(infer_and_parse_data(body, model.metadata.get_input_schema())))
    for library in set(LIBRARIES) & set(model.metadata.flavors):
        native = importlib.import_module(f"mlflow.{library}").load_model(str(folder))
        found |= {"class": type(native).__name__, "native": native_answer(native, example)}
    if model.metadata.get_params_schema() is not None:
        found["with params"] = texts(model.predict(example, params={"factor": 4.0}))
    signature = model.metadata.signature
    return found | {"inputs": signature.inputs.to_dict(), "outputs": signature.outputs.to_dict()}


def native_answer(native: Any, example: Any) -> list[str] | None:
    match type(native).__module__.partition(".")[0], type(native).__name__:
        case "xgboost", "Booster":
            from xgboost import DMatrix

            return texts(native.predict(DMatrix(example)))
        case "onnx", _:
            return None  # a graph says nothing by itself
    return texts(native.predict(example))


def texts(values: Any) -> list[str]:
    if isinstance(values, dict):  # MLflow gives each output of an ONNX model by name
        (values,) = values.values()
    return [str(value) for value in np.asarray(values).ravel().tolist()]


def save_onnx(ours: Path, folder: Path) -> None:
    """As MLflow does it by default: larger tensors in a file of their own."""
    import mlflow.onnx

    mlflow.onnx.save_model(mlflow.onnx.load_model(str(ours)), str(folder), pip_requirements=[])


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    models, back = map(Path, sys.argv[1:])
    reports = {folder.name: report(folder) for folder in sorted(models.iterdir())}
    save_onnx(models / "onnx", back)
    sys.stdout.write(json.dumps(reports))
