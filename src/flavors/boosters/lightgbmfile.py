"""Is this a model that LightGBM can read without ending the process?

LightGBM takes sizes and indices in a file on trust, and parses the trees in threads, where
an error ends the process. The format is what `GBDT::SaveModelToString` and `Tree::ToString`
write: https://github.com/microsoft/LightGBM, ``src/boosting/gbdt_model_text.cpp``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(nan|inf)")
_WHOLE = re.compile(r"-?\d{1,18}")
_END = re.compile(
    r"end of trees\n\nfeature_importances:\n(?:[^\n]+=\d+\n)*"
    r"\nparameters:\n(?:\[\w+: [^\n]*\]\n)*\nend of parameters\n\npandas_categorical:([^\n]*)\n"
)
_PER_SPLIT = ("split_gain", "threshold", "internal_value", "internal_weight", "internal_count")
_PER_LEAF = ("leaf_value", "leaf_weight", "leaf_count")
_IN_TREES = {"Tree", "num_leaves", "num_cat", "split_feature", "decision_type", "left_child", "right_child",
             "cat_boundaries", "cat_threshold", "is_linear", "leaf_const", "num_features", "leaf_features",
             "leaf_coeff", "shrinkage", *_PER_SPLIT, *_PER_LEAF}  # fmt: skip


def check(text: str) -> None:
    """Raises an exception, of whatever kind, that says what is wrong with a model's text."""
    if not text.startswith("tree\n") or "\0" in text:
        raise ValueError("it does not begin as a model does")
    start = text.index("\nTree=0\n") + 1 if "\nTree=0\n" in text else text.index("\nend of trees\n") + 1
    header = _entries(text[:start])
    features = _one(header, "max_feature_idx", 0) + 1
    groups = _one(header, "num_tree_per_iteration", 1)
    _check_classes(header, groups)
    for name in ("feature_names", "feature_infos"):
        if len(header[name].split()) != features:
            raise ValueError("its features are not named one by one")
    sizes = _whole(header["tree_sizes"])
    if len(sizes) % groups or (sizes < 1).any():
        raise ValueError("its trees have no size")
    for number, size in enumerate(sizes.tolist()):
        # The sizes count bytes.
        tree = text[start : start + size] if text.isascii() else _cut(text, start, size)
        start += len(tree)
        if not tree.startswith(f"Tree={number}\n") or not tree.endswith("\n"):
            raise ValueError("its trees are out of order")
        _check_tree(_entries(tree), features)
    end = _END.fullmatch(text, start)
    if end is None:
        raise ValueError("its trees are followed by what does not belong there")
    json.loads(end[1])


def _check_classes(header: Mapping[str, str], groups: int) -> None:
    classes = _one(header, "num_class", 1)
    said = re.search(r"num_class:(\S+)", header.get("objective", ""))
    if classes != groups or (said and said[1] != str(classes)):
        raise ValueError("it has not as many classes as it says")


def _check_tree(tree: Mapping[str, str], features: int) -> None:
    leaves, categorical = _one(tree, "num_leaves", 1), _one(tree, "num_cat", 0)
    splits = leaves - 1
    if not tree.keys() <= _IN_TREES:
        raise ValueError("a tree holds what no tree does")
    _number(tree["shrinkage"], 1)
    _number(tree["leaf_value"], leaves)
    if not splits:
        return
    for name in (*_PER_SPLIT, *_PER_LEAF):
        if name in tree:
            _number(tree[name], leaves if name in _PER_LEAF else splits)
    _check_children(_whole(tree["left_child"], splits), _whole(tree["right_child"], splits), leaves)
    _within(_whole(tree["split_feature"], splits), features)
    kinds = _whole(tree["decision_type"], splits)
    _within(kinds, 12)
    _check_categories(tree, categorical, _number(tree["threshold"], splits)[kinds % 2 == 1])
    if tree.get("is_linear", "0") != "0":
        _check_linear(tree, leaves, features)


def _check_children(left: NDArray[np.int64], right: NDArray[np.int64], leaves: int) -> None:
    """Splits count from 0 up, leaves from -1 down; each is the child of one split, the root of none."""
    children = np.sort(np.concatenate([left, right]))
    expected = np.concatenate([np.arange(-leaves, 0), np.arange(1, leaves - 1)])
    if not np.array_equal(children, expected):
        raise ValueError("a tree is no tree")


def _check_categories(tree: Mapping[str, str], count: int, used: NDArray[np.float64]) -> None:
    if count == 0:
        if len(used):
            raise ValueError("the categories of a split are nowhere")
        return
    ends = _whole(tree["cat_boundaries"], count + 1)
    words = _whole(tree["cat_threshold"])
    _within(words, 1 << 32)
    if ends[0] != 0 or (np.diff(ends) < 1).any() or ends[-1] != len(words):
        raise ValueError("the categories of a split overlap")
    if not np.array_equal(np.sort(used), np.arange(count)):
        raise ValueError("the categories of a split are nowhere")


def _check_linear(tree: Mapping[str, str], leaves: int, features: int) -> None:
    _number(tree["leaf_const"], leaves)
    counts = _whole(tree["num_features"], leaves)
    _within(counts, features + 1)
    _within(_whole(tree["leaf_features"], int(counts.sum())), features)
    _number(tree["leaf_coeff"], int(counts.sum()))


def _entries(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in filter(None, text.split("\n")):
        name, _, value = line.partition("=")
        if name in found:
            raise ValueError(f"{name!r} stands in it twice")
        found[name] = value
    return found


def _cut(text: str, start: int, size: int) -> str:
    return text[start:].encode()[:size].decode()


def _one(entries: Mapping[str, str], name: str, least: int) -> int:
    number = int(_whole(entries[name], 1)[0])
    if not least <= number < 1 << 31:
        raise ValueError(f"{number} is no number of anything")
    return number


def _whole(text: str, length: int | None = None) -> NDArray[np.int64]:
    return np.array([int(part) for part in _parts(text, _WHOLE, length)], np.int64)


def _number(text: str, length: int) -> NDArray[np.float64]:
    return np.array([float(part) for part in _parts(text, _NUMBER, length)], np.float64)


def _parts(text: str, form: re.Pattern[str], length: int | None) -> Sequence[str]:
    parts = text.split(" ") if text.strip() else []
    parts = [part for part in parts if part]
    if length not in (None, len(parts)) or not all(map(form.fullmatch, parts)):
        raise ValueError(f"it has {len(parts)} numbers where there must be {length}")
    return parts


def _within(numbers: NDArray[np.int64], end: int) -> None:
    if ((numbers < 0) | (numbers >= end)).any():
        raise ValueError("a number in it is out of bounds")
