"""Every flavor of ours keeps the contract. Frameworks are imported late: other processes import this file."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from autolog.flavors import function, onnx, sklearn, torch
from autolog.flavors.boosters import lightgbm, xgboost
from autolog.flavors.torch import lightning
from autolog.testing import FlavorContract

X = np.random.RandomState(0).random_sample((40, 3))
Y = (X[:, 0] > 0.5).astype(int)
SMALL = {"min_data_in_leaf": 3, "verbose": -1, "num_threads": 1}


def users(name: str) -> ModuleType:
    """A module of the folder ``users``, imported as if that were on the import path."""
    if name not in sys.modules:
        path = Path(__file__).with_name("users") / f"{name}.py"
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None and spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


class OfArrays(FlavorContract):
    def make_rows(self) -> Any:
        return X[:7]


@pytest.mark.slow
class TestSklearn(OfArrays):
    flavor = sklearn.flavor
    framework = "sklearn"

    def make_model(self) -> Any:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        return make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y)


class TestFunction(OfArrays):
    flavor = function.functions
    trust = ("pricing.price",)

    def make_model(self) -> Any:
        users("pricing_tools")
        return users("pricing").price


class TestObject(OfArrays):
    flavor = function.objects
    trust = ("pricing.Tariff", "pricing.Rounding")

    def make_model(self) -> Any:
        users("pricing_tools")
        return users("pricing").Tariff([1.0, 2.0, 3.0])


@pytest.mark.slow
class TestOnnx(OfArrays):
    flavor = onnx.flavor
    framework = "onnx"

    def make_rows(self) -> Any:
        return X[:7].astype("f4")

    def make_model(self) -> Any:
        from onnx import TensorProto, helper, numpy_helper

        values = {"x": ["rows", 3], "y": ["rows", 2]}
        described = {
            name: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in values.items()
        }
        weights = numpy_helper.from_array(np.arange(6, dtype="f4").reshape(3, 2), "weights")
        node = helper.make_node("MatMul", ["x", "weights"], ["y"])
        graph = helper.make_graph([node], "graph", [described["x"]], [described["y"]], [weights])
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


@pytest.mark.slow
class TestTorch(OfArrays):
    flavor = torch.flavor
    framework = "torch"

    def make_rows(self) -> Any:
        return X[:7].astype("f4")

    def make_model(self) -> Any:
        from torch import manual_seed, nn

        manual_seed(0)
        return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1)).eval()


@pytest.mark.slow
class TestLightning(OfArrays):
    flavor = lightning.flavor
    framework = "lightning"
    trust = ("litnet.Lit",)

    def make_rows(self) -> Any:
        return X[:7].astype("f4")

    def make_model(self) -> Any:
        from torch import manual_seed

        manual_seed(0)
        return users("litnet").Lit(4).eval()


@pytest.mark.slow
class TestXGBoostBooster(OfArrays):
    flavor = xgboost.flavor
    framework = "xgboost"

    def make_model(self) -> Any:
        import xgboost

        return xgboost.train({"nthread": 1}, xgboost.DMatrix(X, Y), 4)


@pytest.mark.slow
class TestXGBoostClassifier(OfArrays):
    flavor = xgboost.flavor
    framework = "xgboost"

    def make_model(self) -> Any:
        from xgboost import XGBClassifier

        return XGBClassifier(n_estimators=4, n_jobs=1).fit(X, Y)


@pytest.mark.slow
class TestLightGBMBooster(OfArrays):
    flavor = lightgbm.flavor
    framework = "lightgbm"

    def make_model(self) -> Any:
        import lightgbm

        return lightgbm.train(SMALL, lightgbm.Dataset(X, Y), 4)


@pytest.mark.slow
class TestLightGBMClassifier(OfArrays):
    flavor = lightgbm.flavor
    framework = "lightgbm"

    def make_model(self) -> Any:
        from lightgbm import LGBMClassifier

        return LGBMClassifier(n_estimators=4, min_child_samples=3, verbose=-1, n_jobs=1).fit(X, Y)
