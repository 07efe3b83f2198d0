"""Run by a Python that has MLflow: what it makes of each folder, by both of its ways, as JSON."""

from __future__ import annotations

import json
import logging
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np


def report(folder: Path) -> dict[str, Any]:
    import mlflow.lightgbm
    import mlflow.pyfunc
    import mlflow.xgboost

    library = mlflow.xgboost if (folder / "model.ubj").exists() else mlflow.lightgbm
    native = library.load_model(str(folder))
    model = mlflow.pyfunc.load_model(str(folder))
    predicted = np.asarray(model.predict(model.input_example)).ravel()
    signature = model.metadata.signature
    return {
        "native": type(native).__name__,
        "pyfunc": [str(value) for value in predicted.tolist()],
        "inputs": len(signature.inputs.to_dict()) if signature else 0,
    }


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    reports = {folder.name: report(folder) for folder in sorted(Path(sys.argv[1]).iterdir())}
    sys.stdout.write(json.dumps(reports))
