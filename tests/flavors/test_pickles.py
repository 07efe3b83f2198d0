"""What runs code when it is loaded: refused without the caller's word, explained when it goes wrong."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cloudpickle
import joblib
import numpy as np
import pytest
import xgboost
from sklearn.base import BaseEstimator
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import FunctionTransformer

from autolog import flavors
from autolog.flavors import ModelDamaged, ModelNotLoadable, ModelUntrusted

X = np.arange(12.0).reshape(6, 2)
MODEL = LinearRegression().fit(X, X[:, 0] * 3)
DUMP = {"pickle": pickle.dumps, "cloudpickle": cloudpickle.dumps}


def folder_with(folder: Path, section: str, files: dict[str, bytes | str]) -> Path:
    """A model's folder as others than autolog write it, with one flavor."""
    for name, content in {"MLmodel": f"flavors:\n  {section}\n", **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def pickled(folder: Path, content: bytes, form: str = "pickle", **code: str) -> Path:
    files: dict[str, bytes | str] = {"model.pkl": content}
    files |= {f"code/{name}.py": text for name, text in code.items()}
    section = f"sklearn: {{pickled_model: model.pkl, serialization_format: {form}}}"
    return folder_with(folder, section, files)


class Writes:
    """Its pickle writes a file when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.write_text, (self.path, "it ran")


SECTIONS = {
    "pickle": "sklearn: {pickled_model: model.pkl, serialization_format: pickle}",
    "cloudpickle": "sklearn: {pickled_model: model.pkl, serialization_format: cloudpickle}",
    "joblib": "sklearn: {pickled_model: model.pkl, serialization_format: joblib}",
    "not said": "sklearn: {pickled_model: model.pkl}",
    "lightgbm": "lightgbm: {data: model.pkl, model_class: lightgbm.sklearn.LGBMModel}",
    "lightgbm pickle": "lightgbm: {data: model.pkl, model_class: a.B, serialization_format: pickle}",
    "python model": "python_function: {python_model: model.pkl, loader_module: mlflow.pyfunc.model}",
    "another flavor": "python_function: {data: model.pkl, loader_module: mlflow.catboost}",
}


@pytest.mark.parametrize("section", SECTIONS.values(), ids=SECTIONS)
@pytest.mark.parametrize("trust", [(), ["os.system"], ["Pickle"]])
def test_nothing_runs_without_the_callers_word(section: str, trust: Any, tmp_path: Path) -> None:
    content = pickle.dumps(Writes(tmp_path / "ran"))
    folder = folder_with(tmp_path / "model", section, {"model.pkl": content})
    with pytest.raises(ModelUntrusted, match=r'load with trust="pickle"') as refused:
        flavors.load_model(folder, trust=trust)
    assert refused.value.types == ("pickle",)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("trust", ["pickle", ["pickle"], ["features.Times", "pickle"]])
def test_with_it_anything_runs(trust: Any, tmp_path: Path) -> None:
    flavors.load_model(pickled(tmp_path / "model", pickle.dumps(Writes(tmp_path / "ran"))), trust=trust)
    assert (tmp_path / "ran").read_text() == "it ran"


def test_a_pickle_under_the_name_of_a_safe_format_is_not_read(tmp_path: Path) -> None:
    content = pickle.dumps(Writes(tmp_path / "ran"))
    for form, section in {
        "skops": "sklearn: {pickled_model: m, serialization_format: skops}",
        "ubj": "xgboost: {data: m, model_format: ubj}",
        "text": "lightgbm: {data: m, model_class: lightgbm.basic.Booster, serialization_format: pickle}",
    }.items():
        folder = folder_with(tmp_path / form, section, {"m": content})
        with pytest.raises(ModelDamaged):
            flavors.load_model(folder, trust="pickle")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("form", ["pickle", "cloudpickle", "joblib"])
def test_an_estimator_comes_back(form: str, tmp_path: Path) -> None:
    folder = pickled(tmp_path / "model", DUMP.get(form, pickle.dumps)(MODEL), form)
    if form == "joblib":
        joblib.dump(MODEL, folder / "model.pkl", compress=3)
    predictor = flavors.load_predictor(folder, trust="pickle")
    assert (predictor.predict(X) == MODEL.predict(X)).all()


MODULE = "from helpers import FACTOR\n\nclass Times:\n    def predict(self, X):\n        return X * FACTOR\n"


def of_module(name: str, module: str = "features") -> bytes:
    """The pickle of an object of a class that is not here."""
    return f"c{module}\n{name}\n)\x81.".encode("latin1")


def test_classes_come_from_the_models_own_modules(tmp_path: Path) -> None:
    models = [
        flavors.load_model(
            pickled(tmp_path / str(n), of_module("Times"), features=MODULE, helpers=f"FACTOR = {n}"),
            trust="pickle",
        )
        for n in (2, 3)
    ]
    assert [model.predict(5) for model in models] == [10, 15]
    assert not {"features", "helpers"} & set(sys.modules)


class Multiplier(BaseEstimator):
    def transform(self, X: Any) -> Any:
        from only_there import FACTOR

        return X * FACTOR


def multiplied(X: Any) -> Any:
    from only_there import FACTOR

    return X * FACTOR


@pytest.fixture
def as_code() -> Iterator[None]:
    """What this file defines is pickled as what a script defines: by its code."""
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    yield
    cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


@pytest.mark.parametrize("model", [Multiplier(), FunctionTransformer(multiplied)])
def test_what_travels_as_code_imports_the_models_own_modules(
    model: Any, tmp_path: Path, as_code: None
) -> None:
    """As MLflow's users know it: its import path has the model's modules when it predicts, too."""
    content = cloudpickle.dumps(model)
    models = [
        flavors.load_model(
            pickled(tmp_path / str(n), content, "cloudpickle", only_there=f"FACTOR = {n}"), trust="pickle"
        )
        for n in (2, 3)
    ]
    assert [loaded.transform(X)[0, 1] for loaded in models] == [2, 3]
    assert "only_there" not in sys.modules


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (of_module("Times", "nowhere_at_all"), r"needs what is not installed .*nowhere_at_all.*pip install"),
        (of_module("Gone", "sklearn.base"), r"needs sklearn\.base\.Gone.*version of sklearn"),
        (of_module("Gone"), r"needs features\.Gone, which is not there any more"),
        (of_module("Times", "broken"), r"cannot be read here: ZeroDivisionError"),
    ],
)
def test_what_is_gone_is_named(content: bytes, said: str, tmp_path: Path) -> None:
    folder = pickled(tmp_path / "model", content, features="class Times: ...", broken="1/0")
    with pytest.raises(ModelNotLoadable, match=said):
        flavors.load_model(folder, trust="pickle")


@pytest.mark.parametrize("form", ["pickle", "joblib"])
def test_a_file_that_is_cut_off(form: str, tmp_path: Path) -> None:
    content = pickle.dumps(MODEL)
    for end in range(0, len(content), 7):
        folder = pickled(tmp_path / str(end), content[:end], form)
        with pytest.raises((ModelDamaged, ModelNotLoadable) if form == "joblib" else ModelDamaged):
            flavors.load_model(folder, trust="pickle")


def test_a_form_of_the_future(tmp_path: Path) -> None:
    with pytest.raises(ModelNotLoadable, match=r"the form 'jsonpickle'; known are skops, pickle"):
        flavors.load_model(pickled(tmp_path / "model", b"", "jsonpickle"), trust="pickle")


class TestXGBoost:
    def content(self) -> bytes:
        return bytes(xgboost.XGBRegressor(n_estimators=2).fit(X, X[:, 0]).get_booster().save_raw("ubj"))

    def test_a_class_of_the_users_is_named(self, tmp_path: Path) -> None:
        section = "xgboost: {data: m.ubj, model_format: ubj, model_class: features.Mine}"
        module = "import xgboost\n\nclass Mine(xgboost.XGBRegressor):\n    mine = True\n"
        files: dict[str, bytes | str] = {"m.ubj": self.content(), "code/features.py": module}
        folder = folder_with(tmp_path / "model", section, files)
        with pytest.raises(ModelUntrusted, match=r'trust=\["features.Mine"\]'):
            flavors.load_model(folder)
        for trust in (["features.Mine"], "pickle"):
            predictor = flavors.load_predictor(folder, trust=trust)  # type: ignore[arg-type]
            assert predictor.model.mine
            assert predictor.predict(X).tolist() == predictor.model.predict(X).tolist()

    def test_it_has_to_be_one_of_models(self, tmp_path: Path) -> None:
        section = "xgboost: {data: m.ubj, model_format: ubj, model_class: os.system}"
        folder = folder_with(tmp_path / "model", section, {"m.ubj": self.content()})
        with pytest.raises(ModelDamaged, match="no class of xgboost"):
            flavors.load_model(folder, trust=["os.system"])

    def test_the_binary_form_of_old_versions(self, tmp_path: Path) -> None:
        folder = folder_with(tmp_path / "model", "xgboost: {data: m.xgb}", {"m.xgb": bytes(200)})
        with pytest.raises(ModelNotLoadable, match=r"xgboost<3\.1"):
            flavors.load_model(folder)


LOADER = """
from pathlib import Path

class Model:
    def __init__(self, path, config=None):
        self.content, self.config = Path(path, "data.txt").read_text(), config

    def predict(self, data, params=None):
        return [f"{self.content} {row} {params}" for row in data]

_load_pyfunc = Model
"""


class TestLoadersOfTheUsers:
    def folder(self, path: Path, more: str = "") -> Path:
        section = f"python_function: {{loader_module: own_loader, data: data{more}}}"
        return folder_with(path, section, {"data/data.txt": path.name, "code/own_loader.py": LOADER})

    @pytest.mark.parametrize("trust", [["own_loader._load_pyfunc"], "pickle"])
    def test_they_run_when_they_are_named(self, trust: Any, tmp_path: Path) -> None:
        predictors = [flavors.load_predictor(self.folder(tmp_path / n), trust=trust) for n in "ab"]
        assert [predictor.predict([1]) for predictor in predictors] == [["a 1 None"], ["b 1 None"]]
        assert "own_loader" not in sys.modules

    def test_they_get_their_settings(self, tmp_path: Path) -> None:
        folder = self.folder(tmp_path / "a", ", config: {size: 3}")
        assert flavors.load_model(folder, trust="pickle").config == {"size": 3}

    def test_params(self, tmp_path: Path) -> None:
        folder = self.folder(tmp_path / "a")
        params = '[{"name": "k", "type": "long", "default": 1, "shape": null}]'
        with open(folder / "MLmodel", "a") as file:
            file.write(f"signature: {{inputs: null, outputs: null, params: '{params}'}}\n")
        predictor = flavors.load_predictor(folder, trust="pickle")
        assert predictor.predict([1]) == ["a 1 {'k': 1}"]
        assert predictor.predict([1], {"k": 2}) == ["a 1 {'k': 2}"]

    @pytest.mark.parametrize(
        ("section", "error", "said"),
        [
            ("{data: data}", ModelDamaged, "does not say what loads it"),
            ("{loader_module: own_loader, data: ../secret}", ModelDamaged, "outside of it"),
            ("{loader_module: own_loader, data: none}", ModelDamaged, "lacks its file"),
            ("{loader_module: mlflow.x, python_model: /etc/passwd}", ModelDamaged, "outside of it"),
            ("{loader_module: mlflow.x, artifacts: {a: {path: ../a}}}", ModelDamaged, "outside of it"),
            ("{loader_module: nowhere_at_all}", ModelNotLoadable, "nowhere_at_all"),
        ],
    )
    def test_what_is_wrong_is_said(
        self, section: str, error: type[Exception], said: str, tmp_path: Path
    ) -> None:
        folder = self.folder(tmp_path / "model")
        (folder / "MLmodel").write_text(f"flavors: {{python_function: {section}}}\n")
        with pytest.raises(error, match=said):
            flavors.load_model(folder, trust="pickle")

    def test_without_mlflow_its_own_models_are_not_loadable(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "mlflow", None)
        folder = folder_with(tmp_path / "m", "python_function: {loader_module: mlflow.pyfunc.model}", {})
        with pytest.raises(ModelNotLoadable, match="MLflow is not installed.*pip install mlflow"):
            flavors.load_model(folder, trust="pickle")


@pytest.mark.parametrize("kind", ["predict_proba", "fit", "__class__", 3])
def test_only_predicting_methods_can_be_chosen_by_a_folder(kind: object, tmp_path: Path) -> None:
    folder = pickled(tmp_path / "model", pickle.dumps(MODEL))
    with open(folder / "MLmodel", "a") as file:
        file.write(f"  python_function: {{loader_module: mlflow.sklearn, predict_fn: {kind}}}\n")
    predictor = flavors.load_predictor(folder, trust="pickle")  # a regression, which has no probabilities
    assert (predictor.predict(X) == MODEL.predict(X)).all()
