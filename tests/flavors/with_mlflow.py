"""Run by a Python that has MLflow and not necessarily autolog: what it makes of each folder, as JSON."""

from __future__ import annotations

import json
import logging
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np


def report(folder: Path) -> dict[str, Any]:
    import mlflow.pyfunc
    import mlflow.sklearn
    from mlflow.models.utils import load_serving_example
    from mlflow.pyfunc.scoring_server import _split_data_and_params, infer_and_parse_data

    native = mlflow.sklearn.load_model(str(folder))
    model = mlflow.pyfunc.load_model(str(folder))
    example = model.input_example
    found = {"native": texts(native.predict(example)), "pyfunc": texts(model.predict(example))}
    if (folder / "serving_input_example.json").exists():
        body, _ = _split_data_and_params(load_serving_example(str(folder)))
        found["served"] = texts(model.predict(infer_and_parse_data(body, model.metadata.get_input_schema())))
    signature = model.metadata.signature
    return found | {"inputs": signature.inputs.to_dict(), "outputs": signature.outputs.to_dict()}


def texts(values: Any) -> list[str]:
    return [str(value) for value in np.asarray(values).ravel().tolist()]


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    reports = {folder.name: report(folder) for folder in sorted(Path(sys.argv[1]).iterdir())}
    sys.stdout.write(json.dumps(reports))
