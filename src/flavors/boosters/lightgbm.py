"""LightGBM: boosters as text; the scikit-learn estimators as skops, which holds that text, and as text."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import pickles
from ..errors import ModelDamaged, ModelNotLoadable, ModelNotSaved
from ..folder import inside
from ..trust import Trust
from . import estimator_class

_TEXT = "model.lgb"
_SKOPS = "model.skops"
_BOOSTER = "lightgbm.basic.Booster"
_ESTIMATORS = ("LGBMModel", "LGBMClassifier", "LGBMRegressor", "LGBMRanker")


class LightGBMFlavor:
    name = "lightgbm"
    requires: tuple[str, ...] = ("lightgbm>=4.6",)

    def handles(self, model: object) -> bool:
        """A class that users derive from an estimator may predict in its own way: it is not handled."""
        booster = getattr(sys.modules.get("lightgbm"), "Booster", None)
        return booster is not None and (
            type(model) is booster or estimator_class(model, "lightgbm", _ESTIMATORS) is not None
        )

    def save(self, model: Any, folder: Path) -> Mapping[str, Mapping[str, Any]]:
        estimator = estimator_class(model, "lightgbm", _ESTIMATORS)
        try:
            booster = model if estimator is None else model.booster_
            booster.save_model(folder / _TEXT)
        except Exception as error:  # scikit-learn's NotFittedError, lightgbm's own
            raise ModelNotSaved(f"lightgbm does not save it: {type(error).__name__}: {error}") from error
        facts = {"code": None, "lgb_version": sys.modules["lightgbm"].__version__}
        facts |= (
            {"data": _TEXT, "model_class": _BOOSTER} if estimator is None else _save_estimator(model, folder)
        )
        served = {"loader_module": "mlflow.lightgbm", "data": facts["data"]}
        return {"lightgbm": facts, "python_function": served}

    def load(self, folder: Path, facts: Mapping[str, Any], trust: Trust) -> Any:
        try:
            import lightgbm
        except ImportError as error:
            raise ModelNotLoadable(f"the model in {folder} needs lightgbm, which is not installed") from error
        path = inside(folder, str(facts.get("data", _TEXT)))
        named = str(facts.get("model_class", _BOOSTER))
        if named == _BOOSTER:
            return _booster(lightgbm, path)
        form = str(facts.get("serialization_format", "cloudpickle"))
        if form != "skops":
            return pickles.read(path, form, trust)
        from ..skopsfile.read import read

        return read(path, trust)

    def predict(self, model: Any, data: Any, **params: Any) -> Any:
        return model.predict(data, **params)


def _save_estimator(model: Any, folder: Path) -> dict[str, Any]:
    """The estimator around the booster; the booster alone when something in it has no safe form."""
    from ..skopsfile.write import write

    plain = model.to_local() if hasattr(model, "to_local") else model
    try:
        names = write(plain, folder / _SKOPS)
    except ModelNotSaved:
        (folder / _SKOPS).unlink(missing_ok=True)
        return {"data": _TEXT, "model_class": _BOOSTER}
    return {
        "data": _SKOPS,
        "model_class": f"lightgbm.sklearn.{type(plain).__name__}",
        "serialization_format": "skops",
        "skops_trusted_types": sorted(name for name in names if not name.startswith("builtins.")),
    }


def _booster(lightgbm: Any, path: Path) -> Any:
    from .lightgbmfile import check

    try:
        text = path.read_text(encoding="utf-8")
        check(text)
        return lightgbm.Booster(model_str=text)
    except Exception as error:  # lightgbm's own; text that is none
        raise ModelDamaged(f"{path} is cut off or damaged: {type(error).__name__}: {error}") from error


flavor = LightGBMFlavor()
