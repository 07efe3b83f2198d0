"""Models: saved as folders that MLflow reads, loaded without running code nobody named.

base          what a flavor is; the one for a model
core          save and load: what is the same for all flavors
sklearn       the scikit-learn flavor, on skopsfile/
torch         the PyTorch flavor: torchstate is what it saves, torchlayers how layers are described
xgboost       the XGBoost flavor, lightgbm the LightGBM one; xgboostfile and lightgbmfile check their files
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
from .signature import Column, Signature, Tensor, infer

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
    "Signature",
    "Tensor",
    "flavor_for",
    "infer",
    "load",
    "save",
]
