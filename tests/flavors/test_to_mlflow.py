"""A real MLflow loads what we save, by each of its ways, with signature and example, and without autolog.

MLflow is imported in a process of its own, once for all models. ``MLFLOW_PYTHON`` names
another interpreter that has it, with the same frameworks. PyTorch's are in test_torch_mlflow.py.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import xgboost
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

import autolog
from autolog.flavors.schema import infer, to_mlflow

pytestmark = pytest.mark.slow

X = np.random.RandomState(0).random_sample((60, 4))
Y = (X[:, 0] > 0.5).astype(int)
FRAME = pd.DataFrame(X, columns=list("abcd"))
YES_NO = np.where(Y, "yes", "no")
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

ESTIMATORS: dict[str, tuple[Any, Any, Any]] = {
    "array": (make_pipeline(StandardScaler(), LogisticRegression()), X, Y),
    "table": (LogisticRegression(), FRAME, Y),
    "numbered columns": (LinearRegression(), pd.DataFrame(X), X[:, 0]),
    "all columns": (make_pipeline(MIXED, LogisticRegression()), TABLE, Y),
    "sparse": (LogisticRegression(), scipy.sparse.csr_matrix(X), Y),
    "texts": (make_pipeline(TfidfVectorizer(), LogisticRegression()), TEXTS, Y),
    "text objects": (make_pipeline(TfidfVectorizer(), LogisticRegression()), np.array(TEXTS, object), Y),
    "lists": (LinearRegression(), X.tolist(), X[:, 0].tolist()),
    "forest": (RandomForestClassifier(5), X, Y),
    "boosting": (GradientBoostingRegressor(n_estimators=5), X, X[:, 0]),
    "histograms": (HistGradientBoostingClassifier(max_iter=3), X, YES_NO),
    "neighbours": (KNeighborsClassifier(), X, Y),
    "metadata requests": (ASKING, X, Y),
    "spline": (make_pipeline(SplineTransformer(), LinearRegression()), X, X[:, 0]),
    "XGBClassifier": (xgboost.XGBClassifier(n_estimators=4), FRAME, Y),
    "XGBRegressor": (xgboost.XGBRegressor(n_estimators=4), FRAME, X[:, 1]),
    "LGBMClassifier": (
        lightgbm.LGBMClassifier(n_estimators=4, min_child_samples=3, verbose=-1),
        FRAME,
        YES_NO,
    ),
    "LGBMRegressor": (
        lightgbm.LGBMRegressor(n_estimators=4, min_child_samples=3, verbose=-1),
        FRAME,
        X[:, 1],
    ),
}


def xgboost_booster() -> tuple[Any, Any, Any]:
    booster = xgboost.train({"objective": "binary:logistic"}, xgboost.DMatrix(FRAME, Y), 4)
    return booster, FRAME, booster.predict(xgboost.DMatrix(FRAME[:5]))


def lightgbm_booster() -> tuple[Any, Any, Any]:
    booster = lightgbm.train({"min_data_in_leaf": 3, "verbose": -1}, lightgbm.Dataset(FRAME, Y), 4)
    return booster, FRAME, booster.predict(FRAME[:5])


def function() -> tuple[Any, Any, Any]:
    import pricing

    return pricing.price, X, pricing.price(X[:5])


def users_object() -> tuple[Any, Any, Any]:
    import pricing

    model = pricing.Tariff([1.0, 2.0, 3.0, 4.0])
    return model, X, model.predict(X[:5])


def graph() -> tuple[Any, Any, Any]:
    from onnx import TensorProto, helper, numpy_helper

    weights = (
        np.random.RandomState(1).random_sample((4, 300)).astype("f4")
    )  # large enough for a file of its own
    infos = [
        helper.make_tensor_value_info(n, TensorProto.FLOAT, ["rows", s]) for n, s in (("x", 4), ("y", 300))
    ]
    node = helper.make_node("MatMul", ["x", "weights"], ["y"])
    inner = helper.make_graph(
        [node], "graph", infos[:1], infos[1:], [numpy_helper.from_array(weights, "weights")]
    )
    model = helper.make_model(inner, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    rows = X.astype("f4")
    return model, rows, autolog.flavors.flavor_for(model).predict(model, rows[:5])  # type: ignore[union-attr]


OTHERS: dict[str, Callable[[], tuple[Any, Any, Any]]] = {
    "xgboost.Booster": xgboost_booster,
    "lightgbm.Booster": lightgbm_booster,
    "function": function,
    "object": users_object,
    "onnx": graph,
}
NOT_SERVED = {"sparse"}
WITHOUT_NATIVE = {"function", "object", "onnx"}
MODELS = [*ESTIMATORS, *OTHERS]


class Saved:
    """All models in one folder, what each predicts for its first five rows, and what MLflow says of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.expected: dict[str, Any] = {}
        self.rows: dict[str, Any] = {}
        self.classes: dict[str, str] = {}
        for name, (estimator, rows, target) in ESTIMATORS.items():
            model = estimator.fit(rows, target)
            self._save(name, model, rows, model.predict(rows[:5]))
        for name, make in OTHERS.items():
            self._save(name, *make())

    def _save(self, name: str, model: Any, rows: Any, expected: Any) -> None:
        self.classes[name], self.rows[name], self.expected[name] = type(model).__name__, rows, expected
        signature = None
        if name == "function":
            signature = autolog.infer_signature(rows, expected, {"factor": 2.0})
        autolog.save_model(model, self.folder / "models" / name, input_example=rows, signature=signature)

    def ask_mlflow(self) -> None:
        python = os.environ.get("MLFLOW_PYTHON", sys.executable)
        script = Path(__file__).with_name("read_by_mlflow.py")
        command = [python, script, self.folder / "models", self.folder / "back"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        self.reports: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Saved]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(Path(__file__).with_name("users"))
        made = Saved(tmp_path_factory.mktemp("models"))
    made.ask_mlflow()
    yield made
    for name in ("pricing", "pricing_tools"):
        del sys.modules[name]


def texts(values: Any) -> list[str]:
    return [str(value) for value in np.asarray(values).ravel().tolist()]


@pytest.mark.parametrize("name", MODELS)
def test_mlflow_predicts_the_same(name: str, saved: Saved) -> None:
    report, expected = saved.reports[name], texts(saved.expected[name])
    ways = {"pyfunc"} | ({"native"} if name not in WITHOUT_NATIVE else set())
    ways |= {"served"} if name not in NOT_SERVED else set()
    assert {way: report.get(way) for way in ways} == dict.fromkeys(ways, expected)


@pytest.mark.parametrize("name", MODELS)
def test_mlflow_reads_the_same_signature(name: str, saved: Saved) -> None:
    signature = infer(saved.rows[name][:5], saved.expected[name])
    assert signature is not None
    written = to_mlflow(signature)
    assert saved.reports[name]["inputs"] == json.loads(written["inputs"] or "[]")
    assert saved.reports[name]["outputs"] == json.loads(written["outputs"] or "[]")


@pytest.mark.parametrize("name", [name for name in MODELS if name not in ("function", "object")])
def test_mlflow_gives_the_frameworks_own_object(name: str, saved: Saved) -> None:
    assert saved.reports[name]["class"] == saved.classes[name]


def test_mlflow_passes_params_on(saved: Saved) -> None:
    assert saved.reports["function"]["with params"] == texts(saved.expected["function"] * 2)


def test_an_onnx_model_that_mlflow_saved(saved: Saved) -> None:
    """Its weights are in a file of their own."""
    held = [path.name for path in (saved.folder / "back").iterdir()]
    assert len(held) > len({"MLmodel", "model.onnx", "requirements.txt", "conda.yaml", "python_env.yaml"})
    predictor = autolog.load_predictor(saved.folder / "back")
    assert texts(predictor.predict(saved.rows["onnx"][:5])) == texts(saved.expected["onnx"])
