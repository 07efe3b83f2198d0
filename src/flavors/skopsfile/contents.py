"""Whether what trusted objects hold keeps compiled code within its arrays.

scikit-learn's trees are walked by compiled code that checks nothing: a node that points
outside of the tree, or at a feature that the data does not have, reads foreign memory or
ends the process. The same holds for indices of sparse matrices, positions in random
streams, and nearest-neighbour trees. All that is checked here, or built anew from the data.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..errors import ModelDamaged

_END = -1  # sklearn.tree._tree.TREE_LEAF


def require(fact: Any, what: str) -> None:
    if not fact:
        raise ModelDamaged(f"the model's file is damaged or forged: {what}")


def check_tree(args: Any, state: Any) -> None:
    """Arguments and state of a `sklearn.tree._tree.Tree`, before it is made."""
    import numpy as np
    from sklearn.tree._tree import NODE_DTYPE

    n_features, n_classes, n_outputs = args
    nodes, values = state["nodes"], state["values"]
    require(type(n_features) is int and type(n_outputs) is int and n_outputs > 0, "a tree's sizes")
    require(isinstance(n_classes, np.ndarray) and n_classes.shape == (n_outputs,), "a tree's classes")
    require(n_classes.dtype.kind == "i" and n_classes.min() > 0, "a tree's classes")
    require(nodes.dtype == NODE_DTYPE and nodes.ndim == 1 and nodes.size, "a tree's nodes")
    require(state["node_count"] == nodes.size, "a tree's number of nodes")
    require(values.shape == (nodes.size, n_outputs, n_classes.max()), "a tree's values")
    leaf = nodes["left_child"] == _END
    check_nodes(leaf, nodes["left_child"], nodes["right_child"], nodes["feature"], n_features)


def check_nodes(leaf: Any, left: Any, right: Any, feature: Any, n_features: int) -> None:
    """Every way down ends at a leaf inside of the tree: children come after their parents."""
    import numpy as np

    inner = np.flatnonzero(~leaf)
    for child in (left[inner].astype(np.int64), right[inner].astype(np.int64)):
        require(((child > inner) & (child < leaf.size)).all(), "a tree's node points outside of the tree")
    used = feature[inner]
    require(((used >= 0) & (used < n_features)).all(), "a tree's node uses a feature that is not there")


def check_random(state: Any) -> None:
    """State of a bit generator: positions that lie inside of its buffer."""
    require(state["bit_generator"] in ("MT19937", "PCG64", "PCG64DXSM", "SFC64"), "its random generator")
    if state["bit_generator"] == "MT19937":
        inner = state["state"]
        require(0 <= int(inner["pos"]) <= 624 and len(inner["key"]) == 624, "the state of a random generator")


def checked_sparse(matrix: Any) -> Any:
    """The matrix, when all its indices lie inside of its shape."""
    try:
        if matrix.format != "coo":  # SciPy checks these itself when it makes one
            matrix.check_format(full_check=True)
    except ValueError as error:
        raise ModelDamaged(f"the model's file is damaged or forged: a sparse matrix: {error}") from error
    return matrix


def neighbor_tree(kind: Any, state: Any) -> Any:
    """A KDTree or BallTree built anew from its points; only these are taken from the file."""
    points, leaf_size, metric, weights = state[0], state[4], state[11], state[12]
    matrix = metric.__getstate__()[2]
    require(matrix.ndim == 2 and matrix.shape[0] == matrix.shape[1], "the matrix of a distance")
    try:
        return kind(points, leaf_size=leaf_size, metric=metric, sample_weight=weights)
    except (TypeError, ValueError) as error:
        raise ModelDamaged(f"the model's file is damaged or forged: a neighbour tree: {error}") from error


def spline(kind: Any, state: Any) -> Any:
    """A BSpline by its constructor, which checks knots against coefficients."""
    try:
        return kind(state["_t"], state["_c"], state["k"], extrapolate=state["extrapolate"])
    except (TypeError, ValueError) as error:
        raise ModelDamaged(f"the model's file is damaged or forged: a spline: {error}") from error


_HANDS_ON = {
    f"sklearn.ensemble.{name}" for name in ("_forest", "_gb", "_bagging", "_iforest", "_weight_boosting")
}


def check_estimators(made: Iterable[Any]) -> None:
    """Trees against the estimators that hold them: nobody hands a tree less data than it reads."""
    for estimator in made:
        held = vars(estimator)
        if type(held.get("tree_")).__name__ == "Tree":
            require(held.get("n_features_in_") == held["tree_"].n_features, "the features of a tree")
        if "_predictors" in held:
            _check_histogram_boosting(held)
        if "estimators_" in held and _HANDS_ON & {base.__module__ for base in type(estimator).__mro__}:
            _check_ensemble(estimator, held)


def _check_ensemble(estimator: Any, held: dict[str, Any]) -> None:
    """Forests and boosting check the data once, against themselves, and hand it on."""
    import numpy as np

    width = held["n_features_in_"]
    members = np.ravel(held["estimators_"]) if hasattr(held["estimators_"], "ravel") else held["estimators_"]
    subsets = held.get("estimators_features_")
    for index, member in enumerate(members):
        if type(getattr(member, "tree_", None)).__name__ == "Tree":
            given = width if subsets is None else min(width, len(subsets[index]))
            require(member.tree_.n_features == given, "the features of an ensemble's tree")
    if hasattr(estimator, "_raw_predict_init"):
        _check_gradient_boosting(estimator, held, members)


def _check_gradient_boosting(estimator: Any, held: dict[str, Any], members: Any) -> None:
    """Each tree adds to its own column of the first guess, which must have as many."""
    import numpy as np

    require(all("tree_" in vars(member) for member in members), "a boosting model without trees")
    guess = estimator._raw_predict_init(np.zeros((1, held["n_features_in_"]), np.float32))
    require(guess.shape == (1, held["estimators_"].shape[1]), "the outputs of a boosting model")


def _check_histogram_boosting(held: dict[str, Any]) -> None:
    import numpy as np

    width = held["n_features_in_"]
    categorical = np.asarray(held["_bin_mapper"].is_categorical_)
    require(categorical.dtype == np.uint8, "the categories of a boosting model")
    require(categorical.shape == (width,), "the categories of a boosting model")
    if held["_preprocessor"] is not None:
        ready = held["_preprocessor"].transform(np.full((1, width), np.nan, dtype=object))
        require(ready.shape == (1, width), "the preprocessing of a boosting model")
    for stage in held["_predictors"]:
        for predictor in stage:
            _check_predictor(predictor, categorical)


def _check_predictor(predictor: Any, categorical: Any) -> None:
    """A tree of histogram boosting; for categories it looks into tables of bits."""
    import numpy as np
    from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE

    nodes, bits = predictor.nodes, predictor.raw_left_cat_bitsets
    require(nodes.dtype == PREDICTOR_RECORD_DTYPE and nodes.ndim == 1 and nodes.size, "a tree's nodes")
    leaf = nodes["is_leaf"] != 0
    check_nodes(leaf, nodes["left"], nodes["right"], nodes["feature_idx"], categorical.size)
    for table in (bits, predictor.binned_left_cat_bitsets):
        require(table.dtype == np.uint32 and table.shape == (len(bits), 8), "a tree's categories")
    choosing = nodes[(nodes["is_categorical"] != 0) & ~leaf]
    require((choosing["bitset_idx"] < len(bits)).all(), "a tree's categories")
    require(categorical[choosing["feature_idx"]].all(), "a tree's categories")
