"""Whether what trusted objects hold keeps compiled code within its arrays.

scikit-learn's trees are walked by compiled code that checks nothing: a node that points
outside of the tree, or at a feature that the data does not have, reads foreign memory or
ends the process. The same holds for indices of sparse matrices, positions in random
streams, and nearest-neighbour trees. All that is checked here, or built anew from the data.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from ..errors import ModelDamaged, ModelUntrusted

_END = -1  # sklearn.tree._tree.TREE_LEAF


def require(fact: Any, what: str) -> None:
    if not fact:
        raise ModelDamaged(f"the model's file is damaged or forged: {what}")


def _plain(*arrays: Any) -> None:
    """Arrays whose methods are NumPy's own: one that is masked compares as if it had no such entry."""
    import numpy as np

    require(all(type(array) is np.ndarray for array in arrays), "a plain array is needed")


def check_tree(args: Any, state: Any) -> None:
    """Arguments and state of a `sklearn.tree._tree.Tree`, before it is made."""
    from sklearn.tree._tree import NODE_DTYPE

    n_features, n_classes, n_outputs = args
    nodes, values = state["nodes"], state["values"]
    _plain(n_classes, nodes, values)
    require(type(n_features) is int and type(n_outputs) is int and n_outputs > 0, "a tree's sizes")
    require(n_classes.shape == (n_outputs,), "a tree's classes")
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
    import numpy as np

    require(matrix.format in ("csr", "csc", "coo", "bsr"), "a sparse matrix")
    if matrix.format == "bsr":  # SciPy divides by it
        require(matrix.data.ndim == 3 and min(matrix.blocksize) > 0, "the blocks of a sparse matrix")
    try:
        if matrix.format != "coo":  # SciPy checks these itself when it makes one
            matrix.check_format(full_check=True)
    except ValueError as error:
        raise ModelDamaged(f"the model's file is damaged or forged: a sparse matrix: {error}") from error
    if matrix.format != "coo":  # SciPy looks at the last one only when there are no entries
        require((np.diff(matrix.indptr) >= 0).all(), "the rows of a sparse matrix")
    return matrix


def neighbor_tree(kind: Any, state: Any) -> Any:
    """A KDTree or BallTree built anew from its points; only these are taken from the file."""
    points, leaf_size, metric, weights = state[0], state[4], state[11], state[12]
    matrix = metric.__getstate__()[2]
    _plain(points, matrix, *([] if weights is None else [weights]))
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


def check_estimators(made: Collection[Any], trust: Collection[str] = ()) -> None:
    """What estimators hold: other estimators to ask, and trees that get no less data than they read.

    All are looked at before the first is tried.
    """
    for estimator in made:
        if _class(estimator) not in trust:
            _check_held(estimator, vars(estimator), trust)
    for estimator in made:
        held = vars(estimator)
        if "_n_support" in held:
            _check_support_vectors(estimator, held)
        if type(held.get("tree_")).__name__ == "Tree":
            require(type(held.get("n_features_in_")) is int, "the features of a tree")
            require(held["n_features_in_"] == held["tree_"].n_features, "the features of a tree")
        if "_predictors" in held:
            _check_histogram_boosting(held)
        if "estimators_" in held and _HANDS_ON & {base.__module__ for base in type(estimator).__mro__}:
            _check_ensemble(estimator, held, trust)


# Names of methods that are called on what stands beside them.
_METHOD_NAMES = ("stack_method_", "stack_method", "chain_method_", "chain_method", "_response_method")
_ASKED = {"auto", "predict", "predict_proba", "predict_log_proba", "decision_function", "transform",
          "score_samples"}  # fmt: skip
_MEMBERS = ("estimators_",)
_NAMED_MEMBERS = ("estimators", "steps", "transformers", "transformers_", "transformer_list")


def _class(thing: Any) -> str:
    return f"{type(thing).__module__}.{type(thing).__qualname__}"


def _needs_trust(thing: Any, trust: Collection[str], where: str) -> None:
    name = _class(thing)
    if name not in trust:
        raise ModelUntrusted(
            f'the model has {name} {where}; if you trust this model, load with trust=["{name}"]', (name,)
        )


def _check_held(estimator: Any, held: dict[str, Any], trust: Collection[str]) -> None:
    """Nothing is called but estimators, by the methods that estimators have: arrays can write files."""
    for key in _METHOD_NAMES:
        named = held.get(key)
        for name in named if isinstance(named, (list, tuple)) else [named]:
            require(name is None or (type(name) is str and name in _ASKED), f"the method {name!r}")
    for member in _members(held):
        _require_estimator(member, trust)
    if held.get("memory") is not None:  # a folder of pickles
        _needs_trust(estimator, trust, "with a cache on disk")


def _members(held: dict[str, Any]) -> Iterator[Any]:
    for key in _MEMBERS:
        if held.get(key) is not None:
            yield from _leaves(held[key])
    for key in _NAMED_MEMBERS:
        if held.get(key) is not None:
            require(isinstance(held[key], (list, tuple)), f"{key} of an estimator")
            for entry in held[key]:
                require(isinstance(entry, (list, tuple)) and len(entry) in (2, 3), f"{key} of an estimator")
                yield entry[1]


def _leaves(held: Any) -> Iterator[Any]:
    """Members of lists, and of lists in lists, as multi-class boosting has them."""
    import numpy as np

    if type(held) is np.ndarray and held.dtype == object:
        yield from held.ravel()
        return
    require(isinstance(held, (list, tuple)), "the members of an estimator")
    for member in held:
        yield from member if isinstance(member, (list, tuple)) else (member,)


def _require_estimator(member: Any, trust: Collection[str]) -> None:
    from sklearn.base import BaseEstimator

    plain = member is None or (type(member) is str and member in ("passthrough", "drop"))
    known = plain or isinstance(member, BaseEstimator) or _class(member) in trust
    require(known, f"a {type(member).__name__} in place of an estimator")


def _check_support_vectors(estimator: Any, held: dict[str, Any]) -> None:
    """libsvm walks the vectors by these numbers; regression counts as two classes."""
    counts, support, dual = held["_n_support"], held["support_"], held["_dual_coef_"]
    _plain(counts, support, held["_intercept_"], held["_probA"], held["_probB"])
    classes, size = 2, support.size
    require("_impl" not in held, "the kind of a support vector machine")
    if estimator._impl in ("c_svc", "nu_svc"):
        classes = counts.size
        require((counts >= 0).all() and counts.sum() == size, "the number of support vectors")
    pairs = classes * (classes - 1) // 2
    require(classes >= 2 and dual.shape == (classes - 1, size), "the coefficients of support vectors")
    if not hasattr(dual, "nnz"):
        _plain(dual)
    require(dual.data.nbytes == 8 * (classes - 1) * size, "the coefficients of support vectors")
    require(held["_intercept_"].size == pairs, "the intercepts of support vectors")
    for name in ("_probA", "_probB"):
        require(held[name].size in (0, pairs), "the probabilities of support vectors")
    known = estimator.kernel == "precomputed" or callable(estimator.kernel)
    require(known or held["support_vectors_"].shape[0] == size, "the number of support vectors")
    inside = (support >= 0) & (support < held["shape_fit_"][0])
    require(inside.all(), "a support vector that is not there")


def _check_ensemble(estimator: Any, held: dict[str, Any], trust: Collection[str]) -> None:
    """Forests and boosting check the data once, against themselves, and hand it on."""
    import numpy as np

    width = held["n_features_in_"]
    require(type(width) is int, "the features of an ensemble")
    members = np.ravel(held["estimators_"]) if hasattr(held["estimators_"], "ravel") else held["estimators_"]
    subsets = held.get("estimators_features_")
    for index, member in enumerate(members):
        if type(getattr(member, "tree_", None)).__name__ == "Tree":
            given = width if subsets is None else min(width, len(subsets[index]))
            require(member.tree_.n_features == given, "the features of an ensemble's tree")
    if hasattr(estimator, "_raw_predict_init"):
        _check_gradient_boosting(estimator, held, members, trust)


def _check_gradient_boosting(
    estimator: Any, held: dict[str, Any], members: Any, trust: Collection[str]
) -> None:
    """Each tree adds to its own column of the first guess, which must have as many."""
    import numpy as np
    from sklearn.dummy import DummyClassifier, DummyRegressor
    from sklearn.tree import DecisionTreeRegressor

    trees = all(type(member) is DecisionTreeRegressor and "tree_" in vars(member) for member in members)
    require(trees, "a boosting model without trees")
    loss, first = held["_loss"], held["init_"]
    require(type(loss).__module__ == "sklearn._loss.loss", "the loss of a boosting model")
    require(type(loss.link).__module__ == "sklearn._loss.link", "the loss of a boosting model")
    if type(first) not in (str, DummyClassifier, DummyRegressor):  # it is asked here, before anyone saw it
        _needs_trust(first, trust, "as the first guess of a boosting model")
    guess = estimator._raw_predict_init(np.zeros((1, held["n_features_in_"]), np.float32))
    require(guess.shape == (1, held["estimators_"].shape[1]), "the outputs of a boosting model")


def _only_prepares(preprocessor: Any) -> bool:
    """Whether it is what histogram boosting makes itself, and so may be tried here."""
    from sklearn.compose import ColumnTransformer
    from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder
    from sklearn.utils.validation import check_array

    if type(preprocessor) is not ColumnTransformer or preprocessor.n_jobs not in (None, 1):
        return False
    for _, step, _ in preprocessor.transformers_:
        function = getattr(step, "func", None)
        checks = function is None or getattr(function, "func", None) is check_array
        if type(step) not in (str, FunctionTransformer, OrdinalEncoder) or not checks:
            return False
    return True


def _check_histogram_boosting(held: dict[str, Any]) -> None:
    import numpy as np

    width = held["n_features_in_"]
    require(type(width) is int, "the features of a boosting model")
    categorical = held["_bin_mapper"].is_categorical_
    _plain(categorical)
    require(categorical.dtype == np.uint8, "the categories of a boosting model")
    require(categorical.shape == (width,), "the categories of a boosting model")
    if held["_preprocessor"] is not None:
        require(_only_prepares(held["_preprocessor"]), "the preprocessing of a boosting model")
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
    _plain(nodes, bits, predictor.binned_left_cat_bitsets)
    require(nodes.dtype == PREDICTOR_RECORD_DTYPE and nodes.ndim == 1 and nodes.size, "a tree's nodes")
    leaf = nodes["is_leaf"] != 0
    check_nodes(leaf, nodes["left"], nodes["right"], nodes["feature_idx"], categorical.size)
    for table in (bits, predictor.binned_left_cat_bitsets):
        require(table.dtype == np.uint32 and table.shape == (len(bits), 8), "a tree's categories")
    choosing = nodes[(nodes["is_categorical"] != 0) & ~leaf]
    require((choosing["bitset_idx"] < len(bits)).all(), "a tree's categories")
    require(categorical[choosing["feature_idx"]].all(), "a tree's categories")
