"""A real MLflow loads what we save, by both of its ways, with signature and example.

MLflow is imported in a process of its own, once for all models. ``MLFLOW_PYTHON`` names
another interpreter that has it, with the same scikit-learn.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn import config_context
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, SplineTransformer, StandardScaler

from autolog import flavors
from autolog.flavors.schema import infer, to_mlflow

pytestmark = pytest.mark.slow

X = np.random.RandomState(0).random_sample((60, 4))
Y = (X[:, 0] > 0.5).astype(int)
TEXTS = ["good day", "bad day"] * 30
TABLE = pd.DataFrame(
    {
        "double": X[:, 0],
        "long": np.arange(60),
        "integer": np.arange(60, dtype="i4"),
        "float": X[:, 1].astype("f4"),
        "text": list("xyz") * 20,
        "category": pd.Categorical(list("xyz") * 20),
        "nullable": pd.array([1, 2, None] * 20, dtype="Int64"),
        "bool": [True, False] * 30,
        "time": pd.date_range("2026", periods=60),
        "zoned": pd.date_range("2026", periods=60, tz="UTC"),
        "unsigned": np.arange(60, dtype="u8"),
        "missing": [1.0, np.nan] * 30,
        "nested": [[1, 2]] * 60,
    }
)
NUMBERS = ["double", "long", "integer", "float", "nullable", "bool", "unsigned", "missing"]
MIXED = make_column_transformer((OneHotEncoder(), ["text", "category"]), (SimpleImputer(), NUMBERS))
with config_context(enable_metadata_routing=True):
    ASKING = LogisticRegression().set_fit_request(sample_weight=True)

MODELS: dict[str, tuple[Any, Any, Any]] = {
    "array": (make_pipeline(StandardScaler(), LogisticRegression()), X, Y),
    "table": (LogisticRegression(), pd.DataFrame(X, columns=list("abcd")), Y),
    "numbered columns": (LinearRegression(), pd.DataFrame(X), X[:, 0]),
    "all columns": (make_pipeline(MIXED, LogisticRegression()), TABLE, Y),
    "sparse": (LogisticRegression(), scipy.sparse.csr_matrix(X), Y),
    "texts": (make_pipeline(TfidfVectorizer(), LogisticRegression()), TEXTS, Y),
    "text objects": (make_pipeline(TfidfVectorizer(), LogisticRegression()), np.array(TEXTS, object), Y),
    "lists": (LinearRegression(), X.tolist(), X[:, 0].tolist()),
    "forest": (RandomForestClassifier(5), X, Y),
    "boosting": (GradientBoostingRegressor(n_estimators=5), X, X[:, 0]),
    "histograms": (HistGradientBoostingClassifier(max_iter=3), X, np.where(Y, "yes", "no")),
    "neighbours": (KNeighborsClassifier(), X, Y),
    "metadata requests": (ASKING, X, Y),
    "spline": (make_pipeline(SplineTransformer(), LinearRegression()), X, X[:, 0]),
}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("models")
    for name, (model, rows, target) in MODELS.items():
        flavors.save(model.fit(rows, target), folder / name, example=rows)
    python = os.environ.get("MLFLOW_PYTHON", sys.executable)
    script = Path(__file__).with_name("with_mlflow.py")
    done = subprocess.run([python, script, folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", MODELS)
def test_mlflow_predicts_the_same(name: str, reports: dict[str, Any]) -> None:
    model, rows, _ = MODELS[name]
    expected = [str(value) for value in model.predict(rows[:5]).tolist()]
    ways = {"native", "pyfunc"} | ({"served"} if name != "sparse" else set())
    assert {way: reports[name].get(way) for way in ways} == dict.fromkeys(ways, expected)


@pytest.mark.parametrize("name", MODELS)
def test_mlflow_reads_the_same_signature(name: str, reports: dict[str, Any]) -> None:
    model, rows, _ = MODELS[name]
    signature = infer(rows[:5], model.predict(rows[:5]))
    assert signature is not None
    written = to_mlflow(signature)
    assert reports[name]["inputs"] == json.loads(written["inputs"] or "[]")
    assert reports[name]["outputs"] == json.loads(written["outputs"] or "[]")
