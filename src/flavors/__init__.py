"""Models: saved as folders that MLflow reads, loaded without running code nobody named.

base          what a flavor is; the one for a model
core          save and load: what is the same for all flavors
sklearn       the scikit-learn flavor, on skopsfile/
mlmodel, requirements, signature, examples, folder    the parts of a model's folder
"""

from __future__ import annotations

from .base import Flavor, flavor_for
from .core import ModelInfo, load, save
from .errors import (
    ModelDamaged,
    ModelError,
    ModelExists,
    ModelNotLoadable,
    ModelNotSaved,
    ModelUntrusted,
    NotAModel,
)
from .schema import Column, SchemaError, Signature, Tensor, infer, to_mlflow

__all__ = [
    "Column",
    "Flavor",
    "ModelDamaged",
    "ModelError",
    "ModelExists",
    "ModelInfo",
    "ModelNotLoadable",
    "ModelNotSaved",
    "ModelUntrusted",
    "NotAModel",
    "SchemaError",
    "Signature",
    "Tensor",
    "flavor_for",
    "infer",
    "load",
    "save",
    "to_mlflow",
]
