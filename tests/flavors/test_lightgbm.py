"""LightGBM's models as files and back; what is no such file is refused."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from autolog import flavors
from autolog.flavors.boosters.lightgbmfile import check

pytestmark = [
    pytest.mark.filterwarnings("ignore:X does not have valid feature names"),  # LightGBM 4.6
    pytest.mark.filterwarnings("ignore:The argument 'eval_set'"),  # from LightGBM 4.7 on
]

X = np.random.RandomState(0).random_sample((60, 4))
Y = (X[:, 0] > 0.5).astype(int)
TABLE = pd.DataFrame({"size": X[:, 0], "kind": pd.Categorical(list("xyz") * 20)})
PARAMS = {"objective": "binary", "min_data_in_leaf": 3, "num_threads": 1, "verbose": -1}
SMALL = {"n_estimators": 4, "min_child_samples": 3, "n_jobs": 1, "verbose": -1}


def booster(data: Any = X, target: Any = Y, rounds: int = 3, **params: Any) -> lightgbm.Booster:
    return lightgbm.train(PARAMS | params, lightgbm.Dataset(data, target), rounds)


@pytest.mark.parametrize("kind", [lightgbm.LGBMClassifier, lightgbm.LGBMRegressor, lightgbm.LGBMModel])
def test_estimators_come_back(kind: Any, tmp_path: Path) -> None:
    labels = np.array(["no", "yes"])[Y] if kind is lightgbm.LGBMClassifier else Y
    model = kind(**SMALL, objective="binary" if kind is not lightgbm.LGBMRegressor else None).fit(X, labels)
    info = flavors.save(model, tmp_path / "model", example=X)
    assert {"model.lgb", "model.skops"} <= set(info.files)
    loaded = flavors.load_model(tmp_path / "model")
    assert type(loaded) is kind
    assert (loaded.predict(X) == model.predict(X)).all()
    assert loaded.get_params() == model.get_params()


def test_categories_and_the_best_iteration_come_back(tmp_path: Path) -> None:
    model = lightgbm.LGBMClassifier(**SMALL | {"n_estimators": 60})
    stopping = lightgbm.early_stopping(2, verbose=False)
    model.fit(TABLE[:40], Y[:40], eval_set=[(TABLE[40:], Y[40:])], callbacks=[stopping])
    flavors.save(model, tmp_path / "model", example=TABLE)
    loaded = flavors.load_model(tmp_path / "model")
    assert loaded.best_iteration_ == model.best_iteration_
    assert (loaded.predict_proba(TABLE) == model.predict_proba(TABLE)).all()


def test_a_booster_comes_back(tmp_path: Path) -> None:
    model = booster(TABLE)
    info = flavors.save(model, tmp_path / "model", example=TABLE)
    assert (info.flavor, "model.lgb" in info.files) == ("lightgbm", True)
    assert info.signature is not None
    loaded = flavors.load_model(tmp_path / "model")
    assert (loaded.predict(TABLE) == model.predict(TABLE)).all()


def test_an_objective_of_the_users_leaves_the_booster(tmp_path: Path) -> None:
    model = lightgbm.LGBMRegressor(**SMALL, objective=lambda y, p: (p - y, np.ones_like(p))).fit(X, Y)
    flavors.save(model, tmp_path / "model")
    loaded = flavors.load_model(tmp_path / "model")
    assert isinstance(loaded, lightgbm.Booster)
    assert (loaded.predict(X) == model.predict(X)).all()


def test_what_was_not_fitted_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(flavors.ModelNotSaved, match="fit"):
        flavors.save(lightgbm.LGBMClassifier(), tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_a_pipeline_with_an_estimator_needs_no_trust(tmp_path: Path) -> None:
    model = make_pipeline(StandardScaler(), lightgbm.LGBMClassifier(**SMALL)).fit(X, np.arange(60) % 3)
    flavors.save(model, tmp_path / "model")
    loaded = flavors.load_model(tmp_path / "model")
    assert (loaded.predict_proba(X) == model.predict_proba(X)).all()


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    flavors.save(booster(), tmp_path / "model")
    return tmp_path / "model"


def forge(folder: Path, content: bytes) -> None:
    """Another content, with the right hash."""
    path = folder / "model.lgb"
    old = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_bytes(content)
    description = (folder / "MLmodel").read_text()
    (folder / "MLmodel").write_text(description.replace(old, hashlib.sha256(content).hexdigest()))


def test_a_file_that_was_cut_off_is_damaged(saved: Path) -> None:
    (saved / "model.lgb").write_bytes((saved / "model.lgb").read_bytes()[:-1])
    with pytest.raises(flavors.ModelDamaged, match="SHA-256"):
        flavors.load_model(saved)


@pytest.mark.parametrize("part", [0, 1, 50, 500, -100, -2])
def test_a_forged_file_that_ends_early_is_damaged(saved: Path, part: int) -> None:
    forge(saved, (saved / "model.lgb").read_bytes()[:part])
    with pytest.raises(flavors.ModelDamaged, match="cut off or damaged"):
        flavors.load_model(saved)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("left_child=", "left_child=1000000 "),
        ("split_feature=", "split_feature=99 "),
        ("num_leaves=", "num_leaves=9"),
        ("num_class=1", "num_class=3"),
        ("max_feature_idx=3", "max_feature_idx=2"),
        ("Tree=1", "Tree=7"),
        ("decision_type=2", "decision_type=1"),
        ("tree_sizes=", "tree_sizes=5 "),
        ("shrinkage=1\n", "shrinkage=1\nleft_child=5\n"),
        ("parameters:", "perimeters:"),
    ],
)
def test_a_forged_text_is_damaged(saved: Path, old: str, new: str) -> None:
    text = (saved / "model.lgb").read_text()
    assert old in text
    forge(saved, text.replace(old, new, 1).encode())
    with pytest.raises(flavors.ModelDamaged):
        flavors.load_model(saved)


def test_an_estimator_in_another_form_is_refused(tmp_path: Path) -> None:
    flavors.save(lightgbm.LGBMClassifier(**SMALL).fit(X, Y), tmp_path / "model")
    description = tmp_path / "model" / "MLmodel"
    description.write_text(
        description.read_text().replace("serialization_format: skops", "serialization_format: cloudpickle")
    )
    with pytest.raises(flavors.ModelUntrusted, match="can run any code"):
        flavors.load_model(tmp_path / "model")


KINDS: dict[str, tuple[dict[str, Any], Any]] = {
    "classes": ({"objective": "multiclass", "num_class": 3}, np.arange(60) % 3),
    "linear": ({"objective": "regression", "linear_tree": True}, X[:, 0]),
    "forest": ({"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}, Y),
    "dart": ({"boosting": "dart"}, Y),
    "stumps": ({"num_leaves": 2}, Y),
    "nothing to split": ({"min_data_in_leaf": 100}, Y),
    "constraints": ({"interaction_constraints": [[0, 1], [2, 3]], "monotone_constraints": [1, 0, 0, 0]}, Y),
}


@pytest.mark.parametrize("name", KINDS)
def test_no_real_model_is_refused(name: str) -> None:
    params, target = KINDS[name]
    check(booster(X, target, **params).model_to_string())
    named = pd.DataFrame(X, columns=["größe", "b", "c", "ü"])
    check(booster(named, target, **params).model_to_string())
