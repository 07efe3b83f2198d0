"""XGBoost: boosters and the scikit-learn estimators, saved as UBJSON, which is data only."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .errors import ModelDamaged, ModelNotLoadable, ModelNotSaved
from .folder import inside
from .trust import Trust

_FILE = "model.ubj"
_BOOSTER = "xgboost.core.Booster"
_FORMS = ("ubj", "json")
ESTIMATORS = ("XGBClassifier", "XGBRegressor", "XGBRanker", "XGBRFClassifier", "XGBRFRegressor", "XGBModel")


class XGBoostFlavor:
    name = "xgboost"
    requires: tuple[str, ...] = ("xgboost>=2.1.4",)

    def handles(self, model: object) -> bool:
        """A class that users derive from an estimator may predict in its own way: it is not handled."""
        xgboost = sys.modules.get("xgboost")
        booster = getattr(xgboost, "Booster", None)
        return booster is not None and (type(model) is booster or _estimator(model) is not None)

    def save(self, model: Any, folder: Path) -> Mapping[str, Mapping[str, Any]]:
        estimator = _estimator(model)
        try:
            booster = model if estimator is None else model.get_booster()
            booster.save_model(folder / _FILE)
        except Exception as error:  # scikit-learn's NotFittedError, xgboost's own
            raise ModelNotSaved(f"xgboost does not save it: {type(error).__name__}: {error}") from error
        facts: dict[str, Any] = {
            "code": None,
            "data": _FILE,
            "model_class": _BOOSTER if estimator is None else f"xgboost.sklearn.{estimator}",
            "model_format": "ubj",
            "xgb_version": sys.modules["xgboost"].__version__,
        }
        if estimator is not None:
            facts["params"] = _params(model)
        return {"xgboost": facts, "python_function": {"loader_module": "mlflow.xgboost", "data": _FILE}}

    def load(self, folder: Path, facts: Mapping[str, Any], trust: Trust) -> Any:
        form, named = facts.get("model_format", "xgb"), str(facts.get("model_class", _BOOSTER))
        if form not in _FORMS:
            raise ModelNotLoadable(
                f"the model in {folder} has the form {form!r}; known are {', '.join(_FORMS)}"
            )
        estimator = named.rpartition(".")[2] if named != _BOOSTER else None
        if estimator is not None and estimator not in ESTIMATORS:
            raise ModelDamaged(f"the model in {folder} is of no class of xgboost: {named!r}")
        return _read(inside(folder, str(facts.get("data", _FILE))), estimator, facts.get("params"))

    def predict(self, model: Any, data: Any, **params: Any) -> Any:
        if _estimator(model) is not None:
            return model.predict(data, **params)
        return model.predict(sys.modules["xgboost"].DMatrix(data), **params)


def _estimator(model: object) -> str | None:
    """The name of the class to load it as; what was trained on Dask is loaded as its plain counterpart."""
    cls = type(model)
    name = cls.__name__.removeprefix("Dask")
    own = cls.__module__ in ("xgboost.sklearn", "xgboost.dask")
    return name if own and name in ESTIMATORS else None


def _params(model: Any) -> dict[str, Any]:
    """The estimator's params that are plain values; functions and the like are needed for training only."""
    plain = (bool, int, float, str)
    found = model.get_params(deep=False).items()
    return {name: value for name, value in found if type(value) in plain}


def _read(path: Path, estimator: str | None, params: Any) -> Any:
    """The model in a file, which is read from memory: a path could be taken for a URL."""
    from .xgboostfile import check

    try:
        import xgboost
    except ImportError as error:
        raise ModelNotLoadable(f"the model in {path.parent} needs xgboost, which is not installed") from error
    content = bytearray(path.read_bytes())
    try:
        check(bytes(content))
        if estimator is None:
            return xgboost.Booster(model_file=content)
        model = getattr(xgboost.sklearn, estimator)()
        model.load_model(content)
    except Exception as error:  # xgboost's own; what it makes of odd numbers may be any
        raise ModelDamaged(f"{path} is cut off or damaged: {type(error).__name__}: {error}") from error
    known = model.get_params(deep=False)
    return model.set_params(**{name: value for name, value in _mapping(params).items() if name in known})


def _mapping(params: Any) -> Mapping[str, Any]:
    return params if isinstance(params, dict) else {}


flavor = XGBoostFlavor()
