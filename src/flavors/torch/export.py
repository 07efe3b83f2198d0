"""The program that a PyTorch module runs, exported: the form of it that MLflow reads.

data/model.pt2   what `torch.export` makes of the module, asked with rows of its input

MLflow knows nothing of safetensors, and without the module's class it can run nothing else.
Sizes that the model leaves open are open in the program, the number of rows first of all.

Source: https://docs.pytorch.org/docs/stable/export.html; mlflow.pytorch, ``serialization_format="pt2"``
"""

from __future__ import annotations

import shutil
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import ModelNotSaved
from .asking import asked_quietly, tensor_of

DATA = "data"
PROGRAM = "model.pt2"


def export(module: Any, rows: Any, folder: Path) -> Mapping[str, Mapping[str, Any]]:
    """Write the program; the sections that MLflow looks for. Raises ModelNotSaved with what is in the way."""
    import torch

    try:
        program, said = _exported(module, _given(rows, module))
    except ModelNotSaved:
        raise
    except Exception as error:  # of any kind, from the user's forward and from PyTorch
        raise _cannot(error) from error
    path = folder / DATA / PROGRAM
    path.parent.mkdir()
    try:
        with open(path, "wb") as file:  # so that a full disk is said as one
            torch.export.save(program, file)
    except OSError:
        raise
    except Exception as error:  # operators of the user's that have no form
        shutil.rmtree(path.parent)
        raise _cannot(error) from error
    return _sections(isinstance(said, torch.Tensor))


def _cannot(error: Exception) -> ModelNotSaved:
    """With the error's first line: PyTorch explains itself over pages."""
    said = str(error).strip().partition("\n")[0]
    return ModelNotSaved(f"it cannot be exported: {type(error).__name__}: {said}")


def _given(rows: Any, module: Any) -> Any:
    """The input to ask with, as MLflow hands it on: a table becomes float32, an array stays what it is."""
    import torch

    table = hasattr(rows, "iloc")
    if isinstance(rows, tuple):
        raise ModelNotSaved("it cannot be exported: its input is not one table or one array")
    try:
        given = tensor_of(rows.to_numpy(dtype="float32") if table else rows).detach()
    except (TypeError, ValueError, RuntimeError) as error:
        raise ModelNotSaved(f"it cannot be exported: its input is no array of numbers: {error}") from error
    first = next(module.parameters(), given)
    # Of a size of 1 the export would make a constant.
    return torch.cat([given, given] if len(given) == 1 else [given]).to(first.device)


def _exported(module: Any, given: Any) -> tuple[Any, Any]:
    """The program, and what it says about one row: it must not be made for this number of rows."""
    from torch.export import Dim, export

    first = next(module.parameters(), given)
    fits = first.dtype == given.dtype or not given.is_floating_point()
    asked = module if fits else _converting()(module, first.dtype)
    if hasattr(Dim, "AUTO"):
        sizes = {axis: Dim.AUTO for axis, size in enumerate(given.shape) if size > 1}
    else:  # PyTorch before 2.6
        sizes = {0: Dim("rows")}
    with asked_quietly(module), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of PyTorch's, about its own code
        program = export(asked, (given,), dynamic_shapes=(sizes,))
        return program, program.module()(given[:1])


def _converting() -> type:
    """The class of a module that converts its input, made when there is a PyTorch to make it of."""
    nn = sys.modules["torch.nn"]

    class Converting(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self, module: Any, dtype: Any) -> None:
            super().__init__()
            self.module = module
            self.dtype = dtype

        def forward(self, rows: Any) -> Any:
            return self.module(rows.to(self.dtype))

    return Converting


def _sections(one_tensor: bool) -> dict[str, dict[str, Any]]:
    version = str(sys.modules["torch"].__version__)
    found: dict[str, dict[str, Any]] = {
        "pytorch": {"code": None, "model_data": DATA, "pytorch_version": version}
    }
    if one_tensor:  # all that MLflow's predict knows
        found["python_function"] = {
            "config": {"device": None},
            "data": DATA,
            "loader_module": "mlflow.pytorch",
            "pickle_module_name": "mlflow.pytorch.pickle_module",
        }
    return found
