"""PyTorch models that MLflow saved: pickles, TorchScript and exported programs, all of which run code.

data/model.pth   a pickle of the whole module, or a TorchScript archive
data/model.pt2   an exported program; a tampered one runs code, too

Source: mlflow.pytorch, ``save_model`` and ``_load_model``
"""

from __future__ import annotations

import pickle
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from ..errors import ModelNotLoadable, ModelNotSaved
from ..folder import inside
from ..pickles import Unpickler, allow, explained
from ..trust import Trust
from .asking import predicted
from .export import DATA, PROGRAM

_PICKLE = "model.pth"


class MlflowTorchFlavor:
    name = "pytorch"
    requires: tuple[str, ...] = ("torch>=2.4",)

    def handles(self, model: object) -> bool:
        return False  # it is read only; ours is `torch`

    def save(self, model: Any, folder: Path) -> Mapping[str, Mapping[str, Any]]:
        raise ModelNotSaved("the flavor pytorch is read only")

    def load(self, folder: Path, facts: Mapping[str, Any], trust: Trust) -> Any:
        held = str(facts.get("model_data", DATA))
        name = _PICKLE if (folder / held / _PICKLE).exists() else PROGRAM
        path = inside(folder, f"{held}/{name}")
        allow(trust, f"the model in {folder} is saved as {name}")
        return read(folder, path, trust)

    def predict(self, model: Any, data: Any, **params: Any) -> Any:
        return predicted(model, data)


def read(folder: Path, path: Path, trust: Trust) -> Any:
    """The module, on the CPU. Runs whatever code the file holds."""
    try:
        import torch
        import torch.export
    except ImportError as error:
        raise ModelNotLoadable(f"{path} needs torch: {error}") from error
    with explained(folder, path), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of TorchScript
        if path.name == PROGRAM:
            return torch.export.load(path).module()
        if _is_script(path):
            return torch.jit.load(path, map_location="cpu").eval()  # type: ignore[no-untyped-call]
        return torch.load(path, map_location="cpu", weights_only=False, pickle_module=_pickling(trust)).eval()


def _is_script(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("/constants.pkl") for name in archive.namelist())
    except zipfile.BadZipFile:  # a pickle of PyTorch's old form, or damaged
        return False


def _pickling(trust: Trust) -> Any:
    """Python's pickle, which finds the modules that travel with the model."""

    class Own(Unpickler):
        def __init__(self, file: Any, **_: Any) -> None:
            super().__init__(file, trust.bundle)

    made = ModuleType(pickle.__name__)
    vars(made).update(vars(pickle), Unpickler=Own)
    return made


flavor = MlflowTorchFlavor()
