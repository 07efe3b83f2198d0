"""Is this a model that XGBoost can read without reading beyond its arrays?

XGBoost takes the sizes and indices in a file on trust, and a forged one makes it leave
its memory. What is checked is its model schema, "Introduction to Model IO":
https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .ubjson import parse

_MOST = 1 << 31
_ROOT_PARENTS = (-1, 2**31 - 1)
_PER_NODE = ("left_children", "right_children", "parents", "split_indices", "split_conditions",
             "default_left", "base_weights", "loss_changes", "sum_hessian")  # fmt: skip


def check(content: bytes) -> None:
    """Raises an exception, of whatever kind, that says what is wrong with a model file."""
    document = parse(content) if content[:2] != b'{"' else json.loads(content)
    learner = document["learner"]
    _numbers(document["version"], 3)
    shape = _Shape(learner["learner_model_param"], learner["gradient_booster"])
    _require(learner["feature_names"], shape.features)
    _require(learner["feature_types"], shape.features)
    booster = learner["gradient_booster"]
    if booster["name"] == "dart":
        trees = booster["gbtree"]["model"]["trees"]
        if len(booster["weight_drop"]) != len(trees):
            raise ValueError("its trees have not one weight each")
        booster = booster["gbtree"]
    if booster["name"] == "gblinear":
        _numbers(booster["model"]["weights"], (shape.features + 1) * shape.groups)
    elif booster["name"] == "gbtree":
        _check_trees(booster["model"], shape)
    else:
        raise ValueError(f"it is a {booster['name']!r}, which is not known")


_FOR_SHOW = ("loss_changes", "sum_hessian")  # which some versions leave out where leaves are vectors


class _Shape:
    """What the arrays have to fit to."""

    def __init__(self, param: Mapping[str, str], booster: Mapping[str, Any]) -> None:
        self.features = _whole(param["num_feature"], 1, _MOST)
        self.targets = _whole(param.get("num_target", "1"), 1, 1 << 20)
        classes = _whole(param["num_class"], 0, 1 << 20)
        self.groups = max(classes, self.targets, 1)
        score = param["base_score"].strip("[]").split(",")
        if len(score) not in (1, self.groups) or not all(np.isfinite(float(part)) for part in score):
            raise ValueError("its base score is none")


def _check_trees(model: Mapping[str, Any], shape: _Shape) -> None:
    trees, groups, ends = model["trees"], model["tree_info"], model.get("iteration_indptr")
    size = model["gbtree_model_param"]
    parallel = _whole(size["num_parallel_tree"], 1, _MOST)
    if _whole(size["num_trees"], 0, _MOST) != len(trees) or len(groups) != len(trees) or parallel > _MOST:
        raise ValueError("it has not as many trees as it says")
    if any(type(group) is not int or not 0 <= group < shape.groups for group in groups):
        raise ValueError("a tree belongs to no class")
    if ends is not None:
        _check_boundaries(ends, len(trees))
    for number, tree in enumerate(trees):
        if tree.get("id", number) != number:
            raise ValueError("its trees are out of order")
        _check_tree(tree, shape)
    _check_categories(model.get("cats"), shape)


def _check_boundaries(ends: Sequence[int], last: int) -> None:
    steps = np.diff(np.asarray(ends, dtype=np.int64))
    if len(ends) < 1 or ends[0] != 0 or ends[-1] != last or (steps < 0).any():
        raise ValueError("parts of it do not follow each other")


def _check_tree(tree: Mapping[str, Any], shape: _Shape) -> None:
    param = tree["tree_param"]
    nodes = _whole(param["num_nodes"], 1, _MOST)
    if _whole(param["num_feature"], 0, _MOST) != shape.features:
        raise ValueError("a tree has features of its own")
    leaf = max(_whole(param["size_leaf_vector"], 0, 1 << 20), 1)
    if leaf not in (1, shape.groups):
        raise ValueError("a leaf has more values than there are classes")
    for name in _PER_NODE:
        if name in _FOR_SHOW and name not in tree:
            continue
        _numbers(tree[name], nodes * (leaf if name == "base_weights" else 1))
    left, right = _whole_numbers(tree["left_children"]), _whole_numbers(tree["right_children"])
    inner = left != -1
    _check_children(left[inner], right[inner], np.flatnonzero(inner), tree, nodes)
    features = _whole_numbers(tree["split_indices"])
    if (features < 0).any() or (features >= shape.features).any():
        raise ValueError("a tree asks for a feature that there is none of")
    if leaf > 1 and "leaf_weights" in tree:  # from version 3.1 on
        weights = _numbers(tree["leaf_weights"], None)
        if ((right[~inner] < 0) | ((right[~inner] + 1) * leaf > len(weights))).any():
            raise ValueError("a leaf has no values")
    elif (right[~inner] != -1).any():
        raise ValueError("a leaf has a child")
    _check_splits(tree, nodes)


def _check_children(
    left: NDArray[Any], right: NDArray[Any], inner: NDArray[Any], tree: Mapping[str, Any], nodes: int
) -> None:
    """Every node has one parent, so that no way from the root comes back."""
    children = np.concatenate([left, right])
    if (children <= 0).any() or (children >= nodes).any() or len(np.unique(children)) != len(children):
        raise ValueError("a tree is no tree")
    parents = _whole_numbers(tree["parents"])
    if int(parents[0]) not in _ROOT_PARENTS or (parents[children] != np.concatenate([inner, inner])).any():
        raise ValueError("a node of a tree has another parent than it says")


def _check_splits(tree: Mapping[str, Any], nodes: int) -> None:
    """Splits by category: which nodes have them, and where their categories stand."""
    kinds = _whole_numbers(tree.get("split_type", np.zeros(nodes, np.int8)))
    if len(kinds) != nodes or not set(np.unique(kinds)) <= {0, 1}:
        raise ValueError("a split is of no kind")
    if not kinds.any() and "categories_nodes" not in tree:
        return
    where, categories = _whole_numbers(tree["categories_nodes"]), _whole_numbers(tree["categories"])
    starts, sizes = _whole_numbers(tree["categories_segments"]), _whole_numbers(tree["categories_sizes"])
    if not len(where) == len(starts) == len(sizes) or list(where) != list(np.flatnonzero(kinds)):
        raise ValueError("the categories of a split are nowhere")
    if (sizes < 1).any() or list(starts) != list(np.cumsum(sizes) - sizes) or sizes.sum() != len(categories):
        raise ValueError("the categories of a split overlap")
    if ((categories < 0) | (categories >= 1 << 24)).any():
        raise ValueError("a category is none")


def _check_categories(cats: Mapping[str, Any] | None, shape: _Shape) -> None:
    """The container of category names, from version 3.1 on."""
    if cats is None or not len(cats["enc"]):
        return
    ends, order = _whole_numbers(cats["feature_segments"]), _whole_numbers(cats["sorted_idx"])
    if len(cats["enc"]) != shape.features or len(ends) != shape.features + 1:
        raise ValueError("its categories are of other features")
    _check_boundaries(list(ends), len(order))
    for names, start, end in zip(cats["enc"], ends, ends[1:], strict=False):
        count = _count(names)
        if count != end - start or sorted(order[start:end]) != list(range(count)):
            raise ValueError("its categories are not as many as it says")


def _count(names: Mapping[str, Any]) -> int:
    """Texts have offsets, of which the last is the end of all letters; numbers have none."""
    if "offsets" not in names:
        return len(names["values"])
    offsets = _whole_numbers(names["offsets"])
    if len(offsets):
        _check_boundaries(list(offsets), len(names["values"]))
    elif len(names["values"]):
        raise ValueError("the names of its categories have no ends")
    return max(len(offsets) - 1, 0)


def _require(names: Sequence[str], features: int) -> None:
    if len(names) not in (0, features) or not all(
        isinstance(name, str) and "\0" not in name for name in names
    ):
        raise ValueError("its features are not named one by one")


def _numbers(values: Any, length: int | None) -> NDArray[Any]:
    array = np.asarray(values)
    fits = array.ndim == 1 and array.dtype.kind in "iuf" and length in (None, len(array))
    if not fits and (array.size or length):
        raise ValueError(f"it has {array.size} numbers where there must be {length}")
    return array


def _whole_numbers(values: Any) -> NDArray[np.int64]:
    array = np.asarray(values)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise ValueError("it has no whole numbers where there must be some")
    return array.astype(np.int64)


def _whole(text: Any, least: int, most: int) -> int:
    number = int(text)
    if not least <= number <= most:
        raise ValueError(f"{number} is no number of anything")
    return number
