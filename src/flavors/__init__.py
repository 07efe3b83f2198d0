"""Models: saved as folders that MLflow reads, loaded without running code nobody named.

api           what users call; uris says where a model is, predictor how it is asked
base          what a flavor is; the one for a model
core          save and load: what is the same for all flavors
trust, code   what the caller lets run, and the user's modules that travel with a model
schema/       signatures: written, read, and held to
sklearn       the scikit-learn flavor, on skopsfile/
torch/        the PyTorch and Lightning flavors; beside: a second form of a model, for MLflow
boosters/     the XGBoost and LightGBM flavors
pickles       what only `trust="pickle"` reads; pyfunc what MLflow saves for no one framework
function      functions and objects of the user's classes: script is what travels of a script, mlflowloader
              how MLflow loads them
onnx          the ONNX flavor
imports, streams    what travelling modules import; random streams kept while a model is asked
mlmodel, requirements, examples, folder    the parts of a model's folder
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import attributes

if TYPE_CHECKING:
    from .api import infer_signature, load_model, load_predictor, log_model, save_model
    from .base import Flavor, flavor_for
    from .core import ModelInfo, save
    from .errors import (
        ModelDamaged,
        ModelError,
        ModelExists,
        ModelNotLoadable,
        ModelNotSaved,
        ModelUntrusted,
        NotAModel,
    )
    from .predictor import Predictor
    from .schema import Array, Column, Map, Object, Param, Property, SchemaError, Signature, Tensor
    from .trust import Trust

_WHERE = {
    "api": ("infer_signature", "load_model", "load_predictor", "log_model", "save_model"),
    "base": ("Flavor", "flavor_for"),
    "core": ("ModelInfo", "save"),
    "errors": (
        "ModelDamaged",
        "ModelError",
        "ModelExists",
        "ModelNotLoadable",
        "ModelNotSaved",
        "ModelUntrusted",
        "NotAModel",
    ),
    "predictor": ("Predictor",),
    "schema": (
        "Array",
        "Column",
        "Map",
        "Object",
        "Param",
        "Property",
        "SchemaError",
        "Signature",
        "Tensor",
    ),
    "trust": ("Trust",),
}
__all__ = [
    "Array",
    "Column",
    "Flavor",
    "Map",
    "ModelDamaged",
    "ModelError",
    "ModelExists",
    "ModelInfo",
    "ModelNotLoadable",
    "ModelNotSaved",
    "ModelUntrusted",
    "NotAModel",
    "Object",
    "Param",
    "Predictor",
    "Property",
    "SchemaError",
    "Signature",
    "Tensor",
    "Trust",
    "flavor_for",
    "infer_signature",
    "load_model",
    "load_predictor",
    "log_model",
    "save",
    "save_model",
]

__getattr__ = attributes(__name__, _WHERE)
