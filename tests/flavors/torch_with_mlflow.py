"""Run by a Python that has MLflow, and no autolog: what it makes of our folders, and its own models.

Arguments: a folder with our models, and one for MLflow's. Prints what was predicted, as JSON.
"""

from __future__ import annotations

import json
import logging
import sys
import warnings
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import mlflow.pytorch
import numpy as np
import torch
from torch import nn

ROWS = np.random.RandomState(1).normal(size=(7, 3)).astype("f4")


def ours(folder: Path) -> dict[str, Any]:
    """By both ways; also of more rows than the example has, and of one."""
    model = mlflow.pyfunc.load_model(str(folder))
    example = model.input_example
    given = np.asarray(example)
    many = np.concatenate([given, given, given])
    native = mlflow.pytorch.load_model(str(folder))
    kind = np.float32 if hasattr(example, "columns") else given.dtype
    found = {
        "native": values(native(torch.from_numpy(given.astype(kind)))),
        "pyfunc": values(model.predict(example)),
        "one": values(model.predict(example[:1])),
        "inputs": model.metadata.signature.inputs.to_dict(),
    }
    if kind == given.dtype:
        found["many"] = values(model.predict(many))
    return found


def values(said: Any) -> Any:
    return np.asarray(said.detach() if isinstance(said, torch.Tensor) else said).tolist()


def theirs(folder: Path) -> dict[str, Any]:
    import layers_of_a_user

    torch.manual_seed(0)
    models = {
        "pt2": (nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)), {"serialization_format": "pt2"}),
        "pickle": (nn.Linear(3, 2), {"serialization_format": "pickle"}),
        "script": (torch.jit.script(nn.Linear(3, 2)), {"serialization_format": "pickle"}),
        "class": (
            layers_of_a_user.Net(),
            {"serialization_format": "pickle", "code_paths": [layers_of_a_user.__file__]},
        ),
    }
    found = {}
    for name, (model, form) in models.items():
        mlflow.pytorch.save_model(
            model.eval(), str(folder / name), input_example=ROWS, pip_requirements=[], **form
        )
        found[name] = values(model(torch.from_numpy(ROWS)))
    return found


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    sys.modules["autolog"] = None  # type: ignore[assignment]  importing it fails
    read = {folder.name: ours(folder) for folder in sorted(Path(sys.argv[1]).iterdir())}
    target = Path(sys.argv[2])
    sys.path.insert(0, str(target.parent))
    sys.stdout.write("\n" + json.dumps({"ours": read, "theirs": theirs(target)}))
