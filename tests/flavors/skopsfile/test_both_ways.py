"""Our files and those of skops: each reads the other's, over the estimators of scikit-learn."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
import sklearn
import skops.io
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import BisectingKMeans, FeatureAgglomeration
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import SelectKBest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import LogisticRegression, SGDClassifier, TweedieRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KernelDensity, KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, SplineTransformer, StandardScaler
from sklearn.random_projection import SparseRandomProjection
from sklearn.svm import SVC
from sklearn.utils import all_estimators

from autolog.flavors.skopsfile import MISNAMED
from autolog.flavors.skopsfile.read import read
from autolog.flavors.skopsfile.write import write

RNG = np.random.RandomState(0)
X = np.abs(RNG.normal(size=(60, 4)))
Y = (X[:, 0] > 0.6).astype(int)

ESTIMATORS = [
    make_pipeline(StandardScaler(), LogisticRegression()),
    ColumnTransformer([("first", StandardScaler(), slice(0, 2)), ("rest", "passthrough", [2, 3])]),
    RandomForestClassifier(3, random_state=RNG),
    GradientBoostingClassifier(n_estimators=3),
    HistGradientBoostingClassifier(max_iter=3),
    HistGradientBoostingClassifier(max_iter=3, categorical_features=[1], max_bins=10),
    IsolationForest(n_estimators=5, max_features=0.5),
    VotingClassifier([("forest", RandomForestClassifier(2)), ("linear", LogisticRegression())]),
    CalibratedClassifierCV(LogisticRegression(), cv=2),
    KNeighborsClassifier(),
    KNeighborsClassifier(algorithm="ball_tree", metric="mahalanobis", metric_params={"VI": np.eye(4)}),
    KernelDensity(),
    make_pipeline(SelectKBest(k=2), SVC(probability=False)),
    SGDClassifier(),
    TweedieRegressor(),
    GaussianProcessRegressor(),
    MLPClassifier((3,), max_iter=5),
    BisectingKMeans(2),
    FeatureAgglomeration(2),
    make_pipeline(SplineTransformer(), LogisticRegression()),
    make_pipeline(FunctionTransformer(np.log1p), LogisticRegression(class_weight={0: 1.0, 1: 2.0})),
    SparseRandomProjection(2),
    GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2),
]


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: type(estimator).__name__)
def test_each_reads_the_others_file(estimator: Any, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn's own, about too few iterations
        fitted = estimator.fit(np.floor(X * 3), Y)
    assert_both_ways(fitted, np.floor(X * 3), tmp_path)


@pytest.mark.slow
def test_every_estimator_of_scikit_learn(tmp_path: Path) -> None:
    compared = [assert_both_ways(fitted, rows, tmp_path) for fitted, rows in every_fitted_estimator()]
    assert len(compared) > 190


def test_metadata_requests_are_kept_though_they_refer_to_their_estimator(tmp_path: Path) -> None:
    with sklearn.config_context(enable_metadata_routing=True):
        asking = LogisticRegression().set_fit_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        fitted = make_pipeline(scaler, asking).fit(X, Y, sample_weight=np.ones(len(Y)))
        names = write(fitted, tmp_path / "ours.skops")
        theirs = skops.io.load(tmp_path / "ours.skops", trusted=sorted(names))
        for model in (read(tmp_path / "ours.skops"), theirs):
            np.testing.assert_array_equal(model.predict(X), fitted.predict(X))
            requests = model[-1].get_metadata_routing()
            assert str(requests) == str(asking.get_metadata_routing())
            assert requests.fit.requests == {"sample_weight": True}
            with pytest.raises(ValueError, match=r"LogisticRegression\.score"):
                model.score(X, Y, sample_weight=np.ones(len(Y)))


def assert_both_ways(fitted: Any, rows: Any, folder: Path) -> None:
    ours, theirs = folder / "ours.skops", folder / "theirs.skops"
    names = write(fitted, ours)
    skops.io.dump(fitted, theirs)
    assert schema(ours) == schema(theirs)
    assert set(skops.io.get_untrusted_types(file=ours)) <= names
    expected = answer(fitted, rows)
    for model in (read(ours), read(theirs), skops.io.load(ours, trusted=sorted(names))):
        assert type(model) is type(fitted)
        assert_same(answer(model, rows), expected)


def schema(path: Path) -> Any:
    """All that the file says, with the arrays in place of their names."""
    with ZipFile(path) as archive:
        text = archive.read("schema.json").decode()
        for wrong, right in MISNAMED.items():  # skops believes what the module says
            text = text.replace(f'"__module__": "{wrong}"', f'"__module__": "{right}"')
        tree = json.loads(text)
        del tree["_skops_version"]
        return _plain(tree, archive.read)


def _plain(part: Any, content: Callable[[str], bytes]) -> Any:
    if isinstance(part, dict):
        return {
            key: content(value) if key == "file" else _plain(value, content)
            for key, value in part.items()
            if key not in ("__id__", "owner")  # that of a metadata request, for which we write a name
        }
    return [_plain(item, content) for item in part] if isinstance(part, list) else part


def answer(model: Any, rows: Any) -> Any:
    for name in ("predict_proba", "decision_function", "predict", "transform", "score_samples"):
        method = getattr(model, name, None)
        if method is not None:
            result = method(rows)
            return result.toarray() if hasattr(result, "toarray") else np.asarray(result)
    return None


def assert_same(found: Any, expected: Any) -> None:
    if expected is not None and expected.dtype.kind == "f":
        # Memory of another alignment makes BLAS add in another order.
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    else:
        np.testing.assert_array_equal(found, expected)


def every_fitted_estimator() -> Iterator[tuple[Any, Any]]:
    from sklearn.utils._test_common.instance_generator import _construct_instances
    from sklearn.utils._testing import set_random_state

    real, two = X[:, 0] * 2 + X[:, 1], np.column_stack([Y, 1 - Y])
    tried: list[tuple[Any, ...]] = [
        (X, Y), (X, real), (X,), (two, two), (X, np.column_stack([real, real])),
        (X[:, :1], real), (["good day", "bad day"] * 30,), ([{"a": 1}] * 20,),
    ]  # fmt: skip
    for name, kind in all_estimators():
        if name in ("Birch", "FrozenEstimator", "KernelCenterer", "PatchExtractor", "SparseCoder"):
            continue  # the format has no form for the first; the others take special input
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            estimator = next(iter(_construct_instances(kind)))
            set_random_state(estimator)
            rows = next(args[0] for args in tried if fits(estimator, args))
            yield estimator, rows


def fits(estimator: Any, args: tuple[Any, ...]) -> bool:
    try:
        answer(estimator.fit(*args), args[0])
    except (TypeError, ValueError, AttributeError, IndexError):
        return False
    return True
