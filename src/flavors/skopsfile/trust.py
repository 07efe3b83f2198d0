"""Which classes and functions a skops file may name without a word from the user.

A file is data, yet it decides which classes are made and which functions they hold. So
each name is looked up here before anything is built. Known are: all estimators of
scikit-learn, the other classes that they hold (listed with what makes them harmless),
NumPy's and SciPy's own data, and functions that only calculate. All else has to be named
by the caller. Not trusted, and easily thought harmless: distributions of `scipy.stats`
(their state holds source code that is run), `numpy.load` and its kind (they open files).
"""

from __future__ import annotations

import importlib
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Any

from . import MISNAMED

Node = dict[str, Any]

# Made by calling or filling them, in ways that `read` spells out for each loader.
_DATA = {
    "DictNode": {"builtins.dict", "collections.OrderedDict", "sklearn.utils._bunch.Bunch"},
    "DefaultDictNode": {"collections.defaultdict"},
    "ListNode": {"builtins.list"},
    "TupleNode": {"builtins.tuple"},
    "SetNode": {"builtins.set"},
    "SliceNode": {"builtins.slice"},
    "BytesNode": {"builtins.bytes"},
    "BytearrayNode": {"builtins.bytearray"},
    "MaskedArrayNode": {"numpy.ma.MaskedArray", "numpy.ma.core.MaskedArray"},
    "DTypeNode": {"numpy.dtype"},
    "RandomStateNode": {"numpy.random.mtrand.RandomState"},
    "RandomGeneratorNode": {"numpy.random._generator.Generator"},
    "SparseMatrixNode": {
        f"scipy.sparse._{kind}.{kind}_{form}"
        for kind in ("csr", "csc", "coo", "bsr")
        for form in ("matrix", "array")
    },
    "TreeNode": {"sklearn.tree._tree.Tree"},
    "PartialNode": {"functools.partial"},
    "ConstructorFromReduceNode": {
        "builtins.frozenset", "builtins.range", "builtins.complex",
        "datetime.datetime", "datetime.date", "datetime.time", "datetime.timedelta", "datetime.timezone",
        "zoneinfo.ZoneInfo",
    },
}  # fmt: skip

# Loaders whose nodes name no class: text and numbers.
_NAMELESS = {"JsonNode", "CachedNode"}

# Classes that estimators of scikit-learn hold and that are no estimators themselves.
# Modules whose classes are plain numbers behind formulas, all of them:
_HOLDS_NUMBERS = {
    "sklearn._loss.link",
    "sklearn._loss.loss",
    "sklearn.gaussian_process.kernels",
    "sklearn.model_selection._split",
    "sklearn.neural_network._stochastic_optimizers",
}
_HELD = {
    "sklearn.calibration._CalibratedClassifier",  # an estimator and its calibrators
    "sklearn.calibration._SigmoidCalibration",  # two numbers
    "sklearn.calibration._TemperatureScaling",  # one number
    "sklearn.cluster._bisect_k_means._BisectingTree",  # walked in Python only
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",  # checked by `contents`
    "sklearn.compose._column_transformer._RemainderColsList",  # a list of columns, in older versions
    "sklearn.metrics._scorer._CurveScorer",  # a function, which is looked up itself
    "sklearn.metrics._scorer._MultimetricScorer",
    "sklearn.metrics._scorer._PassthroughScorer",
    "sklearn.metrics._scorer._Scorer",
    "sklearn.neighbors._ball_tree.BallTree",  # built anew from its points
    "sklearn.neighbors._ball_tree.BallTree32",
    "sklearn.neighbors._ball_tree.BallTree64",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neighbors._kd_tree.KDTree32",
    "sklearn.neighbors._kd_tree.KDTree64",
    "sklearn.utils._metadata_requests.MetadataRequest",  # names of arguments
    "sklearn.utils._metadata_requests.MethodMetadataRequest",
    "scipy.interpolate._bsplines.BSpline",  # built anew, by its checking constructor
    "lightgbm.basic.Booster",  # built anew from its text, which is checked
    "xgboost.core.Booster",  # the same
    *(f"lightgbm.sklearn.LGBM{kind}" for kind in ("Classifier", "Model", "Ranker", "Regressor")),
    *(f"xgboost.sklearn.XGB{kind}" for kind in ("Classifier", "Model", "Ranker", "Regressor",
                                                "RFClassifier", "RFRegressor")),
}  # fmt: skip
# Compiled, made by __init__ from numbers only, or checked by `contents`.
_LOSSES = {"sklearn._loss._loss", "sklearn.linear_model._sgd_fast"}
_METRICS = "sklearn.metrics._dist_metrics"

# Functions only take and give numbers in these modules.
_CALCULATES = {
    "sklearn.cluster._kmeans",
    "sklearn.feature_selection._mutual_info",
    "sklearn.feature_selection._univariate_selection",
    "sklearn.metrics._classification",
    "sklearn.metrics._ranking",
    "sklearn.metrics._regression",
    "sklearn.metrics.cluster._supervised",
    "sklearn.metrics.cluster._unsupervised",
    "sklearn.metrics.pairwise",
}
_FUNCTIONS = {
    "scipy._lib.array_api_compat.numpy._aliases.asarray",
    "sklearn.utils.validation.check_array",
} | {
    f"numpy.{name}"
    for name in ("all", "any", "average", "clip", "max", "amax", "mean", "median", "min", "amin", "nanmax",
                 "nanmean", "nanmedian", "nanmin", "nan_to_num", "prod", "ptp", "std", "sum", "var", "vstack",
                 "hstack", "ravel", "reshape", "squeeze", "transpose")
}  # fmt: skip
# Functions that are safe with their owner's arguments only; `read` gives them to nobody else.
INNER = {
    "sklearn.cluster._kmeans._kmeans_single_elkan": "sklearn.cluster._bisect_k_means.BisectingKMeans",
    "sklearn.cluster._kmeans._kmeans_single_lloyd": "sklearn.cluster._bisect_k_means.BisectingKMeans",
}
_PLAIN_TYPES = {f"builtins.{name}" for name in ("bool", "int", "float", "str", "complex", "bytes",
                                                "dict", "list", "set", "tuple")}  # fmt: skip
_PLAIN_TYPES.add("collections.OrderedDict")


def name_of(node: Node) -> str:
    return ".".join(names_of(node))


def names_of(node: Node) -> tuple[str, str]:
    """Module and name of what the node says it is."""
    module = str(node["__module__"])
    return MISNAMED.get(module, module), str(node["__class__"])


def untrusted(tree: Any, trust: Collection[str]) -> list[str]:
    """Names in the file that are neither known here nor named by the caller, sorted."""
    return sorted({name for node in _nodes(tree) for name in _needs(node) if name not in trust})


def _nodes(tree: Any) -> Iterator[Node]:
    """Every node, however deep: all dicts that name a loader, wherever they stand."""
    waiting = [tree]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if "__loader__" in part:
                yield part
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)


def _needs(node: Node) -> Iterator[str]:
    """The names that somebody has to vouch for."""
    loader = node["__loader__"]
    if loader in _NAMELESS:
        return
    if not _known(loader, *names_of(node)):
        yield name_of(node)
    if loader == "MethodNode":
        yield f"{name_of(node)}.{node['content']['func']}"


@lru_cache(maxsize=4096)
def _known(loader: str, module: str, name: str) -> bool:
    full = f"{module}.{name}"
    match loader:
        case "ObjectNode":
            return full in _HELD or _is_estimator(module, name) or _is_number_holder(module, name)
        case "NdArrayNode":
            return full == "numpy.ndarray" or _is_number_type(module, name)
        case "TypeNode":
            return full in _PLAIN_TYPES or _is_number_type(module, name) or _is_estimator(module, name)
        case "FunctionNode":
            return full in _FUNCTIONS or full in INNER or _is_calculation(module, name)
        case "LossNode":
            return module in _LOSSES and isinstance(_found(module, name), type)
        case "MethodNode":
            return _is_estimator(module, name)
        case _:
            return full in _DATA.get(loader, ())


def _is_number_type(module: str, name: str) -> bool:
    import numpy as np

    kind = getattr(np, name, None) if module == "numpy" else None
    return isinstance(kind, type) and issubclass(kind, np.generic) and kind is not np.object_


def _is_estimator(module: str, name: str) -> bool:
    """A class of scikit-learn's own that follows its interface: filled with attributes, it runs nothing."""
    parts = module.split(".")
    if parts[0] != "sklearn" or {"tests", "externals", "conftest"} & set(parts) or "__" in module:
        return False
    from sklearn.base import BaseEstimator

    found = _found(module, name)
    return isinstance(found, type) and issubclass(found, BaseEstimator) and found.__module__ == module


def _is_number_holder(module: str, name: str) -> bool:
    if module != _METRICS and module not in _HOLDS_NUMBERS:
        return False
    # A distance that calls a function of the user's: the function is looked up, but who calls it is compiled.
    found = _found(module, name)
    return isinstance(found, type) and found.__module__ == module and not name.startswith("PyFunc")


def _is_calculation(module: str, name: str) -> bool:
    if module in ("numpy", "scipy.special"):
        import numpy as np

        return isinstance(_found(module, name), np.ufunc)
    # Functions with an underscore are compiled in part, and take the sizes of their arrays on trust.
    found = _found(module, name) if module in _CALCULATES and not name.startswith("_") else None
    return callable(found) and not isinstance(found, type) and getattr(found, "__module__", None) == module


def _found(module: str, name: str) -> Any:
    """What a name stands for, or None; the module is one of a library that is known here."""
    try:
        return getattr(importlib.import_module(module), name, None)
    except ImportError:
        return None
