"""XGBoost: boosters and the scikit-learn estimators, saved as UBJSON, which is data only."""

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

_FILE = "model.ubj"
_BOOSTER = "xgboost.core.Booster"
_FORMS = ("ubj", "json", "xgb")  # the last is MLflow's name for what XGBoost writes by default
ESTIMATORS = ("XGBClassifier", "XGBRegressor", "XGBRanker", "XGBRFClassifier", "XGBRFRegressor", "XGBModel")


class XGBoostFlavor:
    name = "xgboost"
    requires: tuple[str, ...] = ("xgboost>=2.1.4",)

    def handles(self, model: object) -> bool:
        """A class that users derive from an estimator may predict in its own way: it is not handled."""
        xgboost = sys.modules.get("xgboost")
        booster = getattr(xgboost, "Booster", None)
        return booster is not None and (
            type(model) is booster or estimator_class(model, "xgboost", ESTIMATORS) is not None
        )

    def save(self, model: Any, folder: Path) -> Mapping[str, Mapping[str, Any]]:
        estimator = estimator_class(model, "xgboost", ESTIMATORS)
        try:
            booster = model if estimator is None else model.get_booster()
            content = booster.save_raw("ubj")
        except Exception as error:  # scikit-learn's NotFittedError, xgboost's own
            raise ModelNotSaved(f"xgboost does not save it: {type(error).__name__}: {error}") from error
        (folder / _FILE).write_bytes(content)  # its save_model does not notice a full disk
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
        form = facts.get("model_format", "xgb")
        if form not in _FORMS:
            raise ModelNotLoadable(
                f"the model in {folder} has the form {form!r}; known are {', '.join(_FORMS)}"
            )
        path = inside(folder, str(facts.get("data", _FILE)))
        kind = _class_of(str(facts.get("model_class", _BOOSTER)), folder, trust)
        return _read(path, kind, facts)

    def predict(self, model: Any, data: Any, **params: Any) -> Any:
        xgboost = sys.modules["xgboost"]
        if isinstance(model, xgboost.Booster):
            data = xgboost.DMatrix(data, enable_categorical=True)
        return model.predict(data, **params)


def _params(model: Any) -> dict[str, Any]:
    """The estimator's params that are plain values; functions and the like are needed for training only."""
    plain = (bool, int, float, str)
    found = model.get_params(deep=False).items()
    return {name: value for name, value in found if type(value) in plain}


def _class_of(named: str, folder: Path, trust: Trust) -> Any:
    """The class of the model: XGBoost's own, or one derived from it that the caller has named."""
    try:
        import xgboost
    except ImportError as error:
        raise ModelNotLoadable(f"the model in {folder} needs xgboost, which is not installed") from error
    module, _, name = named.rpartition(".")
    plain = name.removeprefix("Dask") if module.partition(".")[0] == "xgboost" else ""
    if plain in ("Booster", *ESTIMATORS):
        return getattr(xgboost if plain == "Booster" else xgboost.sklearn, plain)
    trust.require(named, f"the model in {folder} is of the class")
    found = trust.find(module, name)
    if not (isinstance(found, type) and issubclass(found, (xgboost.Booster, xgboost.XGBModel))):
        raise ModelDamaged(f"the model in {folder} is of no class of xgboost: {named!r}")
    return found


def _read(path: Path, kind: Any, facts: Mapping[str, Any]) -> Any:
    """The model in a file, which is read from memory: a path could be taken for a URL."""
    from .xgboostfile import check

    content = bytearray(path.read_bytes())
    if facts.get("model_format", "xgb") == "xgb" and not content.startswith(b"{"):
        raise ModelNotLoadable(
            f"{path} is in the binary form of old versions; load it with xgboost<3.1 and save it again"
        )
    with pickles.explained(path.parent, path):  # a class of the user's runs its code
        model = kind()
    try:
        check(bytes(content))
        model.load_model(content)
    except Exception as error:  # xgboost's own; what it makes of odd numbers may be any
        raise ModelDamaged(f"{path} is cut off or damaged: {type(error).__name__}: {error}") from error
    params = facts.get("params")
    if not (isinstance(params, dict) and hasattr(model, "set_params")):
        return model
    known = model.get_params(deep=False)
    return model.set_params(**{name: value for name, value in params.items() if name in known})


flavor = XGBoostFlavor()
