"""Run by a Python that has MLflow: saves a model in each of its formats, and what it predicts, as JSON."""

from __future__ import annotations

import json
import logging
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

X = pd.DataFrame(np.random.RandomState(0).random_sample((40, 3)), columns=list("abc"))
Y = (X["a"] > 0.5).astype(int)
FEATURES = """
from sklearn.base import BaseEstimator, TransformerMixin

from helpers import FACTOR


class Times(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X * FACTOR

    def predict(self, X):
        return self.transform(X).to_numpy()


def late(X):
    from helpers import FACTOR

    return X * FACTOR
"""
SCRIPT = """
import mlflow


class Sum(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input.sum(axis=1) + (params or {}).get("add", 0)


mlflow.models.set_model(Sum())
"""
LOADER = """
import json
from pathlib import Path


class Model:
    def __init__(self, factor):
        self.factor = factor

    def predict(self, data, params=None):
        return data.sum(axis=1) * self.factor


def _load_pyfunc(path):
    return Model(json.loads(Path(path, "factor.json").read_text()))
"""


def sklearn(folder: Path) -> None:
    import mlflow.sklearn
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y)
    for form in ("skops", "cloudpickle", "pickle"):
        mlflow.sklearn.save_model(model, folder / f"sklearn {form}", serialization_format=form, **GIVEN)
    mlflow.sklearn.save_model(model, folder / "sklearn proba", pyfunc_predict_fn="predict_proba", **GIVEN)
    array = X.to_numpy()
    model = LogisticRegression().fit(array, Y)
    mlflow.sklearn.save_model(model, folder / "sklearn array", **GIVEN | {"input_example": array[:5]})


def with_modules(folder: Path, factor: int) -> dict[str, Any]:
    """Makes ``features`` and ``helpers`` importable; the arguments with which they travel along."""
    place = folder.parent / f"modules {factor}"
    place.mkdir()
    (place / "features.py").write_text(FEATURES)
    (place / "helpers.py").write_text(f"FACTOR = {factor}")
    for name in ("features", "helpers"):
        sys.modules.pop(name, None)
    sys.path.insert(0, str(place))
    return GIVEN | {"code_paths": [str(place / "features.py"), str(place / "helpers.py")]}


def own_modules(folder: Path) -> None:
    """Estimators of modules that only their folders have; both folders have modules of the same names."""
    import mlflow.sklearn
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    for factor in (2, 3):
        given = with_modules(folder, factor)
        import features

        model = make_pipeline(features.Times(), LinearRegression().fit(X, Y))
        late = make_pipeline(FunctionTransformer(lambda X: features.late(X)), LinearRegression().fit(X, Y))
        skops = {"skops_trusted_types": ["features.Times"]}
        mlflow.sklearn.save_model(model, folder / f"own skops {factor}", **skops, **given)
        for name, saved in {"pickle": model, "cloudpickle": model, "lambda": late}.items():
            form = {"serialization_format": "pickle" if name == "pickle" else "cloudpickle"}
            mlflow.sklearn.save_model(saved, folder / f"own {name} {factor}", **form, **given)


def xgboost(folder: Path) -> None:
    import mlflow.sklearn
    import mlflow.xgboost
    import xgboost

    booster = xgboost.train({"objective": "binary:logistic"}, xgboost.DMatrix(X, Y), 4)
    classifier = xgboost.XGBClassifier(n_estimators=4).fit(X, Y)
    for form in ("ubj", "json", "xgb"):
        for name, model in (("booster", booster), ("classifier", classifier)):
            mlflow.xgboost.save_model(model, folder / f"xgboost {name} {form}", model_format=form, **GIVEN)
    mlflow.sklearn.save_model(
        classifier, folder / "xgboost as sklearn", serialization_format="cloudpickle", **GIVEN
    )


def lightgbm(folder: Path) -> None:
    import lightgbm
    import mlflow.lightgbm

    small = {"min_child_samples": 3, "verbose": -1}
    booster = lightgbm.train(small | {"objective": "binary"}, lightgbm.Dataset(X, Y), 4)
    classifier = lightgbm.LGBMClassifier(n_estimators=4, **small).fit(X, Y)
    mlflow.lightgbm.save_model(booster, folder / "lightgbm booster", **GIVEN)
    for form in ("skops", "cloudpickle", "pickle"):
        mlflow.lightgbm.save_model(
            classifier, folder / f"lightgbm {form}", serialization_format=form, **GIVEN
        )


def texts(rows: Any) -> Any:
    return [str(row) for row in rows.to_dict("records")]


def own_modules_unpickled_by_the_model(folder: Path) -> None:
    """The model reads a pickle by itself, and its class is one of a module that only the folder has."""
    import joblib
    import mlflow.pyfunc

    class Reads(mlflow.pyfunc.PythonModel):  # type: ignore[misc,name-defined]
        def load_context(self, context: Any) -> None:
            self.model = joblib.load(context.artifacts["model"])

        def predict(self, context: Any, model_input: Any) -> Any:
            return self.model.predict(model_input)

    for factor in (4, 5):
        given = with_modules(folder, factor)
        import features

        joblib.dump(features.Times(), folder.parent / f"times {factor}.joblib")
        artifacts = {"model": str(folder.parent / f"times {factor}.joblib")}
        mlflow.pyfunc.save_model(
            folder / f"pyfunc modules {factor}", python_model=Reads(), artifacts=artifacts, **given
        )


def pyfunc(folder: Path) -> None:
    import mlflow.pyfunc
    from mlflow.models import ModelSignature, infer_signature

    class Shift(mlflow.pyfunc.PythonModel):  # type: ignore[misc,name-defined]
        def load_context(self, context: Any) -> None:
            self.shift = json.loads(Path(context.artifacts["shift"]).read_text())

        def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
            return model_input.sum(axis=1) + self.shift + params["add"]

    here = folder.parent
    (here / "shift.json").write_text("10")
    (here / "script.py").write_text(SCRIPT)
    (here / "own_loader.py").write_text(LOADER)
    (here / "data").mkdir()
    (here / "data" / "factor.json").write_text("5")
    signature: ModelSignature = infer_signature(X, X["a"], params={"add": 1})
    given = {"input_example": X[:5], "signature": signature, "pip_requirements": ["mlflow"]}
    artifacts = {"shift": str(here / "shift.json")}
    mlflow.pyfunc.save_model(folder / "pyfunc class", python_model=Shift(), artifacts=artifacts, **given)
    mlflow.pyfunc.save_model(folder / "pyfunc script", python_model=str(here / "script.py"), **given)
    given["signature"] = infer_signature(TYPES, ["text"])
    mlflow.pyfunc.save_model(folder / "pyfunc types", python_model=texts, **given | {"input_example": TYPES})
    given["signature"] = infer_signature(X, X["a"])
    mlflow.pyfunc.save_model(folder / "pyfunc function", python_model=lambda rows: rows["a"] * 2, **given)
    mlflow.pyfunc.save_model(
        folder / "pyfunc loader",
        loader_module="own_loader",
        data_path=str(here / "data"),
        code_paths=[str(here / "own_loader.py")],
        **given,
    )


TYPES = pd.DataFrame(
    {
        "double": [0.5, np.nan],
        "float": np.array([0.5, 1], "f4"),
        "long": [1, 2],
        "integer": np.array([1, 2], "i4"),
        "bool": [True, False],
        "text": ["a", None],
        "time": pd.date_range("2026", periods=2),
        "bytes": [b"a", b"b"],
        "list": [["a"], ["b", "c"]],
        "object": [{"k": 1.5}, {"k": 2.5}],
    }
)
GIVEN: dict[str, Any] = {"input_example": X[:5], "pip_requirements": ["numpy"]}


def rows_for(name: str) -> Any:
    return {"pyfunc types": TYPES, "sklearn array": X.to_numpy()}.get(name, X)


def predicted(folder: Path) -> dict[str, Any]:
    import mlflow.pyfunc

    model = mlflow.pyfunc.load_model(str(folder))
    said, example = model.predict(rows_for(folder.name)), model.predict(model.input_example)
    for name in ("features", "helpers"):
        sys.modules.pop(name, None)
    signature = model.metadata.signature
    return {
        "said": np.asarray(said).tolist(),
        "example": np.asarray(example).tolist(),
        "inputs": signature.inputs.to_dict(),
        "outputs": signature.outputs.to_dict(),
    }


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    target = Path(sys.argv[1])
    target.mkdir()
    for save in (sklearn, own_modules, xgboost, lightgbm, pyfunc, own_modules_unpickled_by_the_model):
        save(target)
    for name in ("features", "helpers"):
        del sys.modules[name]
    sys.stdout.write(json.dumps({folder.name: predicted(folder) for folder in sorted(target.iterdir())}))
