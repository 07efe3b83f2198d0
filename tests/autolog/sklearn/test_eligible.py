"""Which estimators make a run."""

from __future__ import annotations

import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.decomposition import NMF, PCA
from sklearn.ensemble import IsolationForest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import RFE, SelectFromModel
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import TSNE
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KernelDensity, NearestNeighbors
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import LabelEncoder, StandardScaler

from autolog.autolog.sklearn.eligible import is_model, model_inside


class OnlyFit(BaseEstimator):
    def fit(self, X, y=None):
        return self


class OnlyTransforms(TransformerMixin, OnlyFit):
    def transform(self, X):
        return X


MODEL = LogisticRegression()


@pytest.mark.parametrize(
    "estimator",
    [
        MODEL,
        KMeans(),
        PCA(),
        NMF(),
        TSNE(),
        IsolationForest(),
        KernelDensity(),
        NearestNeighbors(),
        OnlyFit(),
        RFE(MODEL),
        TransformedTargetRegressor(),
        GridSearchCV(MODEL, {}),
        make_pipeline(StandardScaler(), MODEL),
        make_pipeline(StandardScaler(), make_pipeline(StandardScaler(), MODEL)),
        make_pipeline(StandardScaler(), PCA()),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_models_make_a_run(estimator: BaseEstimator) -> None:
    assert is_model(estimator)


@pytest.mark.parametrize(
    "estimator",
    [
        StandardScaler(),
        SimpleImputer(),
        LabelEncoder(),
        TfidfVectorizer(),
        SelectFromModel(MODEL),
        ColumnTransformer([]),
        FeatureUnion([]),
        FrozenEstimator(MODEL),
        OnlyTransforms(),
        make_pipeline(StandardScaler(), StandardScaler()),
        make_pipeline(StandardScaler(), "passthrough"),
        Pipeline([]),
        Pipeline(None),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_preparation_makes_none(estimator: BaseEstimator) -> None:
    assert not is_model(estimator)


def test_the_model_inside() -> None:
    search = GridSearchCV(make_pipeline(StandardScaler(), MODEL), {})
    assert model_inside(search) is search
    search.best_estimator_ = search.estimator
    assert model_inside(make_pipeline(search)) is MODEL
