"""Files of known names only that would run code, end the process or fill the memory."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pytest
from sklearn.cluster import BisectingKMeans
from sklearn.datasets import make_classification
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    StackingRegressor,
)
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeRegressor

from autolog.flavors import ModelDamaged, ModelUntrusted
from autolog.flavors.skopsfile.read import read
from autolog.flavors.skopsfile.write import write

from .forging import Node, forge, forge_array, named_nodes, number, replaced

X, Y = make_classification(60, 4, n_informative=3, n_redundant=0, n_classes=3, random_state=0)


def node(loader: str, name: str, **content: Any) -> Node:
    module, _, name = name.rpartition(".")
    return {"__loader__": loader, "__module__": module, "__class__": name, **content}


def several(kind: str, *items: Node) -> Node:
    return node(f"{kind.capitalize()}Node", f"builtins.{kind}", content=list(items))


def called(name: str, *args: Node) -> Node:
    return node("ConstructorFromReduceNode", name, content=several("tuple", *args))


def objects(items: list[Node], *shape: int) -> Node:
    sizes = several("tuple", *map(number, shape))
    return node("NdArrayNode", "numpy.ndarray", type="json", content=items, shape=sizes)


def keyed(key_type: Node) -> Node:
    types = several("list", key_type)
    return node("DictNode", "builtins.dict", content={"1": number(1)}, key_types=types)


def nested(levels: int, twice: bool) -> Node:
    """Tuples in tuples, each named by reference: deep without any depth in the JSON."""
    chain = [several("tuple") | {"__id__": 1000}]
    for level in range(1, levels):
        last = node("CachedNode", "x.x", __id__=999 + level)
        chain.append(several("tuple", *[last] * (1 + twice)) | {"__id__": 1000 + level})
    return several("list", *chain, several("set", node("CachedNode", "x.x", __id__=999 + levels)))


MEAN = node("FunctionNode", "numpy.mean")
FORGED = {
    "a function as the type of a key": keyed(MEAN),
    "an estimator as the type of a key": keyed(node("TypeNode", "sklearn.dummy.DummyRegressor")),
    "a list as the type of a key": keyed(node("TypeNode", "builtins.list")),
    "a function as factory": node(
        "DefaultDictNode",
        "collections.defaultdict",
        content={"default_factory": MEAN, "main": keyed(node("TypeNode", "builtins.str"))},
    ),
    "endless hashing": nested(60, True),
    "endless depth": nested(5000, False),
    "a set of a range": called("builtins.frozenset", called("builtins.range", number(10**12))),
    "more cells than items": objects([number(1)], 10**10),
    "the number of rows": objects([several("list", number(1))], 2, 1),
    "too large a time": called("datetime.timedelta", number(10**30)),
}


@pytest.mark.parametrize("case", FORGED)
def test_what_would_be_called_or_never_end(case: str, tmp_path: Path) -> None:
    write(FunctionTransformer(kw_args={"by": [1]}), tmp_path / "model.skops")
    forge(tmp_path / "model.skops", replaced("by", FORGED[case]))
    refused(tmp_path / "model.skops")


def test_functions_with_an_underscore_are_not_known(tmp_path: Path) -> None:
    write(FunctionTransformer(np.log1p), tmp_path / "model.skops")
    inside = "sklearn.cluster._kmeans._labels_inertia"
    forge(tmp_path / "model.skops", replaced("func", node("FunctionNode", inside)))
    with pytest.raises(ModelUntrusted, match="_labels_inertia"):
        read(tmp_path / "model.skops")


def test_an_inner_function_is_for_its_owner_only(tmp_path: Path) -> None:
    lloyd = node("FunctionNode", "sklearn.cluster._kmeans._kmeans_single_lloyd")
    owner = saved(BisectingKMeans(2), tmp_path / "owner.skops")
    assert callable(read(owner)._kmeans_single)
    other = saved(FunctionTransformer(np.log1p), tmp_path / "other.skops")
    forge(other, replaced("func", lloyd))
    assert not callable(read(other).func)


def test_a_histogram_model_whose_preprocessing_is_another(tmp_path: Path) -> None:
    model = HistGradientBoostingRegressor(max_iter=2, categorical_features=[0]).fit(np.floor(X), Y)
    model._preprocessor = make_pipeline(StandardScaler()).fit(X)
    write(model, tmp_path / "model.skops")
    refused(tmp_path / "model.skops")


def test_the_first_guess_of_boosting_is_asked_only_if_known_or_trusted(tmp_path: Path) -> None:
    model = GradientBoostingRegressor(n_estimators=2, init=LinearRegression())
    file = saved(model, tmp_path / "model.skops")
    with pytest.raises(ModelUntrusted, match="LinearRegression") as caught:
        read(file)
    assert (read(file, caught.value.types).predict(X) == model.predict(X)).all()


def test_the_method_that_stacking_calls(tmp_path: Path) -> None:
    file = saved(StackingRegressor([("a", DummyRegressor())], cv=2), tmp_path / "model.skops")
    forge(file, replaced("stack_method_", several("list", number("tofile"))))
    refused(file)


@pytest.mark.parametrize("key", ["estimators_", "steps"])
def test_members_that_are_no_estimators(key: str, tmp_path: Path) -> None:
    model: Any = StackingRegressor([("a", DummyRegressor())], cv=2)
    model = model if key == "estimators_" else make_pipeline(model)
    file = saved(model, tmp_path / "model.skops")
    entry = number(1) if key == "estimators_" else several("tuple", number("a"), number(1))
    forge(file, replaced(key, several("list", entry)))
    refused(file)


def test_a_cache_on_disk_holds_pickles(tmp_path: Path) -> None:
    write(Pipeline([("a", StandardScaler())], memory=str(tmp_path / "cache")), tmp_path / "model.skops")
    with pytest.raises(ModelUntrusted, match="cache") as caught:
        read(tmp_path / "model.skops")
    assert caught.value.types == ("sklearn.pipeline.Pipeline",)
    read(tmp_path / "model.skops", caught.value.types)


def test_a_masked_array_hides_what_is_checked(tmp_path: Path) -> None:
    file = saved(DecisionTreeRegressor(), tmp_path / "model.skops")

    def mask(tree: Node) -> None:
        nodes = next(found for key, found in named_nodes(tree) if key == "nodes")
        data = dict(nodes)
        nodes.clear()
        nodes.update(node("MaskedArrayNode", "numpy.ma.MaskedArray", content={"data": data, "mask": data}))

    forge(file, mask)
    refused(file)


def test_data_in_place_of_a_method(tmp_path: Path) -> None:
    model = DecisionTreeRegressor().fit(X, Y)
    model._validate_X_predict = np.add
    write(model, tmp_path / "model.skops")
    refused(tmp_path / "model.skops")


@pytest.mark.parametrize("blocks", ["csr", "bsr"])
def test_rows_of_a_sparse_matrix(blocks: str, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    data = np.zeros(1) if blocks == "csr" else np.zeros((1, 0, 2))
    rows = np.array([0, 500_000_000, 0], np.int32)
    parts: dict[str, Any] = {"shape": [2, 4], "data": data, "indices": np.zeros(1, np.int32), "indptr": rows}
    np.savez(buffer, format=blocks.encode(), **parts)
    write(FunctionTransformer(kw_args={"by": [1]}), tmp_path / "model.skops")
    name = f"scipy.sparse._{blocks}.{blocks}_matrix"
    forge(
        tmp_path / "model.skops", replaced("by", node("SparseMatrixNode", name, type="scipy", file="s.npz"))
    )
    with ZipFile(tmp_path / "model.skops", "a") as archive:
        archive.writestr("s.npz", buffer.getvalue())
    refused(tmp_path / "model.skops")


@pytest.mark.parametrize(
    ("name", "forged"),
    [
        ("_n_support", np.array([-5, 60, 5], np.int32)),
        ("_dual_coef_", np.zeros((1, 1))),
        ("_intercept_", np.zeros(1)),
        ("_probA", np.zeros(1)),
        ("support_", np.zeros(1, np.int32)),
    ],
)
def test_sizes_of_a_support_vector_machine(name: str, forged: Any, tmp_path: Path) -> None:
    file = saved(SVC(), tmp_path / "model.skops")
    forge_array(file, name, lambda _: forged)
    refused(file)


@pytest.mark.slow
def test_a_file_that_unpacks_to_far_more(tmp_path: Path) -> None:
    text = json.dumps({"protocol": 2, "filler": " " * (80 << 20)})
    with ZipFile(tmp_path / "model.skops", "w", ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", text)
    refused(tmp_path / "model.skops")


def saved(model: Any, file: Path) -> Path:
    write(model.fit(X, Y), file)
    return file


def refused(file: Path) -> None:
    with pytest.raises(ModelDamaged):
        read(file)
