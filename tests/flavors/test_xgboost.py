"""XGBoost's models as files and back; what is no such file is refused."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from autolog import flavors
from autolog.flavors.boosters.xgboostfile import check

X = np.random.RandomState(0).random_sample((60, 4))
Y = (X[:, 0] > 0.5).astype(int)
TABLE = pd.DataFrame({"size": X[:, 0], "kind": pd.Categorical(list("xyz") * 20)})
PARAMS = {"objective": "binary:logistic", "nthread": 1}


def booster(data: Any = X, **params: Any) -> xgboost.Booster:
    return xgboost.train(PARAMS | params, xgboost.DMatrix(data, Y, enable_categorical=True), 4)


MODELS = {
    "classifier": xgboost.XGBClassifier(n_estimators=4),
    "classes": xgboost.XGBClassifier(n_estimators=4),
    "regressor": xgboost.XGBRegressor(n_estimators=4, missing=-1.0, booster="dart"),
    "forest": xgboost.XGBRFClassifier(n_estimators=4),
    "stopped": xgboost.XGBClassifier(
        n_estimators=90, early_stopping_rounds=2, eval_metric=["auc", "logloss"]
    ),
    "objective": xgboost.XGBRegressor(n_estimators=4, objective=lambda y, p: (p - y, np.ones_like(p))),
}


@pytest.mark.parametrize("name", MODELS)
def test_estimators_come_back(name: str, tmp_path: Path) -> None:
    data = np.where(X < 0.1, -1.0, X)
    target = np.arange(60) % 3 if name == "classes" else Y
    model = MODELS[name].fit(data, target, eval_set=[(data[:20], target[:20])], verbose=False)
    flavors.save(model, tmp_path / "model", example=data)
    loaded = flavors.load_model(tmp_path / "model")
    assert type(loaded) is type(model)
    assert (loaded.predict(data) == model.predict(data)).all()
    if hasattr(model, "predict_proba"):
        assert (loaded.predict_proba(data) == model.predict_proba(data)).all()
        assert (loaded.classes_ == model.classes_).all()
    kept = {n: v for n, v in model.get_params().items() if type(v) in (int, float, bool, str)}
    assert {n: v for n, v in loaded.get_params().items() if n in kept and v == v} == {
        n: v for n, v in kept.items() if v == v
    }


def test_a_booster_comes_back(tmp_path: Path) -> None:
    model = booster(TABLE)
    info = flavors.save(model, tmp_path / "model", example=TABLE[["size"]])
    assert info.flavor == "xgboost"
    assert "model.ubj" in info.files
    loaded = flavors.load_model(tmp_path / "model")
    matrix = xgboost.DMatrix(TABLE, enable_categorical=True)
    assert (loaded.predict(matrix) == model.predict(matrix)).all()
    assert loaded.feature_names == ["size", "kind"]


def test_saving_leaves_the_model_as_it_was(tmp_path: Path) -> None:
    model = xgboost.XGBClassifier(n_estimators=2).fit(X, Y)
    before = model.get_booster().attributes(), model.get_params(), set(vars(model))
    flavors.save(model, tmp_path / "model", example=X)
    assert (model.get_booster().attributes(), model.get_params(), set(vars(model))) == before


def test_what_was_not_fitted_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(flavors.ModelNotSaved, match="fit"):
        flavors.save(xgboost.XGBClassifier(), tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_a_class_of_the_users_is_another_flavors() -> None:
    class Mine(xgboost.XGBClassifier):  # may predict in its own way
        pass

    flavor = flavors.flavor_for(Mine())
    assert flavor is None or flavor.name != "xgboost"


def forge(folder: Path, content: bytes) -> None:
    """Another content, with the right hash."""
    path = folder / "model.ubj"
    old = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_bytes(content)
    description = (folder / "MLmodel").read_text()
    assert old in description
    (folder / "MLmodel").write_text(description.replace(old, hashlib.sha256(content).hexdigest()))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    flavors.save(booster(), tmp_path / "model")
    return tmp_path / "model"


def test_a_file_that_was_cut_off_is_damaged(saved: Path) -> None:
    content = (saved / "model.ubj").read_bytes()
    (saved / "model.ubj").write_bytes(content[:-1])
    with pytest.raises(flavors.ModelDamaged, match="SHA-256"):
        flavors.load_model(saved)


@pytest.mark.parametrize("part", [0, 1, 2, 50, 500, -100, -1])
def test_a_forged_file_that_ends_early_is_damaged(saved: Path, part: int) -> None:
    forge(saved, (saved / "model.ubj").read_bytes()[:part])
    with pytest.raises(flavors.ModelDamaged):
        flavors.load_model(saved)


def test_a_text_that_is_no_model_is_damaged(saved: Path) -> None:
    for content in (b"hello", b"{}", b'{"learner": {}}', b"[" * 10_000, json.dumps([1]).encode()):
        forge(saved, content)
        with pytest.raises(flavors.ModelDamaged):
            flavors.load_model(saved)


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("xgboost.core.Booster", "os.system", flavors.ModelUntrusted),
        ("model_format: ubj", "model_format: deprecated", flavors.ModelNotLoadable),
        ("data: model.ubj", "data: ../../secret", flavors.ModelDamaged),
    ],
)
def test_a_forged_description_is_refused(saved: Path, old: str, new: str, error: type[Exception]) -> None:
    text = (saved / "MLmodel").read_text()
    assert old in text
    (saved / "MLmodel").write_text(text.replace(old, new))
    with pytest.raises(error):
        flavors.load_model(saved)


def test_a_pipeline_with_an_estimator_needs_no_trust(tmp_path: Path) -> None:
    model = make_pipeline(StandardScaler(), xgboost.XGBClassifier(n_estimators=3)).fit(X, np.arange(60) % 3)
    flavors.save(model, tmp_path / "model")
    loaded = flavors.load_model(tmp_path / "model")
    assert (loaded.predict_proba(X) == model.predict_proba(X)).all()


KINDS: dict[str, tuple[dict[str, Any], Any]] = {
    "trees": ({"max_depth": 3}, Y),
    "classes": ({"objective": "multi:softprob", "num_class": 3, "num_parallel_tree": 2}, np.arange(60) % 3),
    "targets": ({"objective": "reg:squarederror"}, X[:, :2]),
    "leaves of vectors": ({"objective": "reg:squarederror", "multi_strategy": "multi_output_tree"}, X[:, :2]),
    "dart": ({"booster": "dart", "rate_drop": 0.5}, Y),
    "linear": ({"booster": "gblinear"}, Y),
    "quantiles": ({"objective": "reg:quantileerror", "quantile_alpha": [0.1, 0.5]}, Y),
    "categories": ({"max_cat_to_onehot": 1, "min_child_weight": 0}, Y),
}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("form", ["ubj", "json"])
@pytest.mark.filterwarnings("ignore::UserWarning")  # gblinear is to go
def test_no_real_model_is_refused(name: str, form: str) -> None:
    params, target = KINDS[name]
    data = TABLE if name == "categories" else X
    matrix = xgboost.DMatrix(data, target, enable_categorical=True)
    model = xgboost.train(PARAMS | params, matrix, 3)
    check(bytes(model.save_raw(form)))


def change(number: str, to: float) -> Any:
    def changed(tree: dict[str, Any]) -> None:
        tree[number][1] = to

    return changed


@pytest.mark.parametrize(
    "forge",
    [
        change("left_children", 1_000_000),
        change("left_children", 1),
        change("right_children", 0),
        change("split_indices", 99),
        change("split_indices", -3),
        change("parents", 5),
        change("split_type", 1),
        lambda tree: tree["split_conditions"].pop(),
        lambda tree: tree["tree_param"].update(num_nodes="400"),
        lambda tree: tree["tree_param"].update(size_leaf_vector="7"),
        lambda tree: tree.update(categories_nodes=[0]),
    ],
)
def test_a_forged_tree_is_refused(forge: Any) -> None:
    document = json.loads(booster(max_depth=3).save_raw("json"))
    check(json.dumps(document, separators=(",", ":")).encode())
    forge(document["learner"]["gradient_booster"]["model"]["trees"][0])
    with pytest.raises((ValueError, KeyError, IndexError)):
        check(json.dumps(document, separators=(",", ":")).encode())


@pytest.mark.slow
@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_changed_files_are_refused_or_harmless(library: str) -> None:
    script = Path(__file__).with_name("changed_boosters.py")
    done = subprocess.run(
        [sys.executable, script, library, "700"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "refused" in done.stdout
