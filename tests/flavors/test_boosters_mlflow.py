"""A real MLflow loads the boosters and estimators that we save. See test_mlflow.py."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost

from autolog import flavors

pytestmark = pytest.mark.slow

X = pd.DataFrame(np.random.RandomState(0).random_sample((60, 3)), columns=list("abc"))
Y = (X["a"] > 0.5).astype(int)
SMALL = {"n_estimators": 4, "min_child_samples": 3, "verbose": -1}

MODELS: dict[str, Any] = {
    "xgboost.Booster": lambda: xgboost.train({"objective": "binary:logistic"}, xgboost.DMatrix(X, Y), 4),
    "xgboost.XGBClassifier": lambda: xgboost.XGBClassifier(n_estimators=4).fit(X, Y),
    "xgboost.XGBRegressor": lambda: xgboost.XGBRegressor(n_estimators=4).fit(X, X["b"]),
    "lightgbm.Booster": lambda: lightgbm.train(
        {"min_data_in_leaf": 3, "verbose": -1}, lightgbm.Dataset(X, Y), 4
    ),
    "lightgbm.LGBMClassifier": lambda: lightgbm.LGBMClassifier(**SMALL).fit(X, Y.map({0: "no", 1: "yes"})),
    "lightgbm.LGBMRegressor": lambda: lightgbm.LGBMRegressor(**SMALL).fit(X, X["b"]),
}
FITTED: dict[str, Any] = {}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("models")
    for name, fit in MODELS.items():
        FITTED[name] = fit()
        flavors.save(FITTED[name], folder / name, example=X)
    python = os.environ.get("MLFLOW_PYTHON", sys.executable)
    script = Path(__file__).with_name("boosters_with_mlflow.py")
    done = subprocess.run([python, script, folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", MODELS)
def test_mlflow_predicts_the_same(name: str, reports: dict[str, Any]) -> None:
    model, rows = FITTED[name], X[:5]
    expected = model.predict(xgboost.DMatrix(rows) if name == "xgboost.Booster" else rows)
    assert reports[name] == {
        "native": name.partition(".")[2],
        "pyfunc": [str(value) for value in expected.tolist()],
        "inputs": 3,
    }
