"""scikit-learn, and every estimator that follows its interface: saved as skops, which is data only."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import pickles
from .folder import inside
from .trust import Trust

_FILE = "model.skops"


class SklearnFlavor:
    name = "sklearn"
    requires: tuple[str, ...] = (
        "scikit-learn>=1.6",
        "skops>=0.16",  # what MLflow reads the file with
    )

    def handles(self, model: object) -> bool:
        base = getattr(sys.modules.get("sklearn.base"), "BaseEstimator", None)
        return base is not None and isinstance(model, base)

    def save(self, model: Any, folder: Path) -> Mapping[str, Mapping[str, Any]]:
        from .skopsfile.tried import write_tried

        names = write_tried(model, folder / _FILE)
        sections: dict[str, Mapping[str, Any]] = {
            "sklearn": {
                "code": None,
                "pickled_model": _FILE,
                "serialization_format": "skops",
                "sklearn_version": sys.modules["sklearn"].__version__,
                "skops_trusted_types": _for_mlflow(names),
            }
        }
        if hasattr(model, "predict"):
            sections["python_function"] = {
                "loader_module": "mlflow.sklearn",
                "model_path": _FILE,
                "predict_fn": "predict",
            }
        return sections

    def load(self, folder: Path, facts: Mapping[str, Any], trust: Trust) -> Any:
        from .skopsfile.read import read

        form = str(facts.get("serialization_format", "pickle"))
        path = inside(folder, facts.get("pickled_model", _FILE))
        return read(path, trust) if form == "skops" else pickles.read(path, form, trust)

    def predict(self, model: Any, data: Any, **params: Any) -> Any:
        method = getattr(model, "predict", None) or getattr(model, "transform", None)
        if method is None:
            raise NotImplementedError(f"{type(model).__name__} neither predicts nor transforms")
        return method(data, **params)


def _for_mlflow(names: frozenset[str]) -> list[str] | None:
    """What MLflow hands to skops as trusted, all that skops may ask about.

    MLflow believes this list; our own loader never reads it and asks the caller.
    """
    listed = sorted(name for name in names if not name.startswith("builtins."))
    return listed or None


flavor = SklearnFlavor()
