"""Files whose classes are all trusted, but which would make compiled code read foreign memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier

from autolog.flavors import ModelDamaged
from autolog.flavors.skopsfile.read import read
from autolog.flavors.skopsfile.write import write

from .forging import contents, forge, forge_array, named_nodes, number, replaced, rewrite

RNG = np.random.RandomState(0)
X = np.floor(RNG.random_sample((60, 4)) * 5)
Y = (X[:, 0] + X[:, 1] > 4).astype(int)


def changed(field: str, value: int) -> Callable[[Any], Any]:
    """Nodes of a tree, with one field of the first node (the root, never a leaf here) changed."""

    def change(nodes: Any) -> Any:
        nodes[field][0] = value
        return nodes

    return change


TREES = {
    "child behind the end": ("nodes", changed("left_child", 10_000)),
    "child before the start": ("nodes", changed("right_child", -5)),
    "a way in a circle": ("nodes", changed("left_child", 0)),
    "feature that is not there": ("nodes", changed("feature", 4)),
    "feature below zero": ("nodes", changed("feature", -3)),
    "fewer values than nodes": ("values", lambda values: values[:-1]),
}


@pytest.mark.parametrize("case", TREES)
@pytest.mark.parametrize(
    "model", [DecisionTreeClassifier(), RandomForestClassifier(2)], ids=["tree", "forest"]
)
def test_forged_nodes_of_a_tree(case: str, model: Any, tmp_path: Path) -> None:
    name, change = TREES[case]
    file = saved(model, tmp_path)
    forge_array(file, name, change)
    refused(file)


@pytest.mark.parametrize(
    ("name", "value"), [("node_count", 10**6), ("n_features_in_", 2), ("n_features_in_", 9)]
)
@pytest.mark.parametrize(
    "model", [DecisionTreeClassifier(), RandomForestClassifier(2), GradientBoostingClassifier(n_estimators=2)]
)
def test_forged_sizes(name: str, value: int, model: Any, tmp_path: Path) -> None:
    file = saved(model, tmp_path)
    forge(file, replaced(name, number(value)))
    refused(file)


@pytest.mark.parametrize("model", [RandomForestClassifier(2), IsolationForest(n_estimators=2)])
def test_a_forest_that_would_hand_its_trees_too_little(model: Any, tmp_path: Path) -> None:
    file = saved(model, tmp_path)
    for value in (2, None):
        forge(file, lambda tree, value=value: outermost(tree, value))  # type: ignore[misc]
        refused(file)


def outermost(tree: Any, value: int | None) -> None:
    attributes = tree["content"]["content"]
    attributes["n_features_in_"]["content"] = "null" if value is None else str(value)


def test_boosting_with_fewer_outputs_than_trees(tmp_path: Path) -> None:
    model = GradientBoostingClassifier(n_estimators=2).fit(X, np.arange(60) % 3)
    model.init_.fit(X, np.arange(60) % 2)
    write(model, tmp_path / "model.skops")
    refused(tmp_path / "model.skops")


HISTOGRAM_TREES = {
    "child behind the end": changed("left", 10_000),
    "a way in a circle": changed("right", 0),
    "feature that is not there": changed("feature_idx", 4),
    "table that is not there": lambda nodes: changed("bitset_idx", 99)(changed("is_categorical", 1)(nodes)),
    "categories of a feature that has none": changed("is_categorical", 1),
}


@pytest.mark.parametrize("case", HISTOGRAM_TREES)
def test_forged_trees_of_histogram_boosting(case: str, tmp_path: Path) -> None:
    file = saved(HistGradientBoostingClassifier(max_iter=2, min_samples_leaf=2), tmp_path)
    forge_array(file, "nodes", HISTOGRAM_TREES[case])
    refused(file)


def test_an_array_that_is_a_pickle(tmp_path: Path) -> None:
    file = saved(LogisticRegression(), tmp_path)
    members = contents(file)
    name = next(name for name in members if name.endswith(".npy"))
    np.save(tmp_path / "pickle.npy", np.array([print], dtype=object), allow_pickle=True)
    rewrite(file, members | {name: (tmp_path / "pickle.npy").read_bytes()})
    refused(file)


def test_indices_of_a_sparse_matrix(tmp_path: Path) -> None:
    matrix = scipy.sparse.csr_matrix(np.eye(3))
    matrix.indices[0] = 1_000
    write(FunctionTransformer(kw_args={"by": matrix}), tmp_path / "model.skops")
    refused(tmp_path / "model.skops")


def test_the_position_in_a_random_stream(tmp_path: Path) -> None:
    write(FunctionTransformer(kw_args={"by": np.random.RandomState(1)}), tmp_path / "model.skops")
    forge(tmp_path / "model.skops", replaced("pos", number(10**6)))
    refused(tmp_path / "model.skops")


def test_a_neighbour_tree_is_built_anew_from_its_points(tmp_path: Path) -> None:
    model = KNeighborsClassifier(algorithm="kd_tree", leaf_size=5).fit(X, Y)
    file = saved(model, tmp_path)
    members = contents(file)
    nodes = [node for _, node in named_nodes(json.loads(members["schema.json"]))]
    tree = next(node for node in nodes if node["__class__"] == "KDTree")
    indices = tree["content"]["content"][1]["file"]
    np.save(tmp_path / "forged.npy", np.full(60, 10**9))
    rewrite(file, members | {indices: (tmp_path / "forged.npy").read_bytes()})
    assert (read(file).predict(X) == model.predict(X)).all()


@pytest.mark.parametrize("keep", [0, 10, 0.5, 0.9, -1])
def test_a_file_that_is_cut_off(keep: float, tmp_path: Path) -> None:
    file = saved(LogisticRegression(), tmp_path)
    data = file.read_bytes()
    file.write_bytes(data[: int(keep * len(data)) if isinstance(keep, float) else keep])
    refused(file)


def saved(model: Any, folder: Path) -> Path:
    write(model.fit(X, Y), folder / "model.skops")
    return folder / "model.skops"


def refused(file: Path) -> None:
    with pytest.raises(ModelDamaged):
        read(file)
