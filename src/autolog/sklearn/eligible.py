"""Which fits are worth a run: models, and not the preparation of data.

A classifier, regressor, clusterer, detector, search and so on is recorded; a transformer
that only prepares data is not, unless ``include`` asks for it. A pipeline is what its
last step is. Decompositions (PCA, NMF, t-SNE…) are models of their own and recorded.
"""

from __future__ import annotations

from typing import Any

PREPARATION = (
    "sklearn.preprocessing",
    "sklearn.impute",
    "sklearn.feature_extraction",
    "sklearn.feature_selection",
    "sklearn.compose",
    "sklearn.pipeline",
    "sklearn.random_projection",
    "sklearn.kernel_approximation",
)
"""Packages whose transformers make no run of their own."""

_MODEL_METHODS = ("predict", "fit_predict", "score_samples", "decision_function")


def qualified(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def state_of(estimator: Any) -> dict[str, Any]:
    """Its own attributes; none for a class with slots."""
    return getattr(estimator, "__dict__", {})


def is_model(estimator: Any) -> bool:
    """True when fitting this alone is worth a run."""
    last = last_step(estimator)
    cls = type(last)
    if last is None or cls.__module__.startswith("sklearn.frozen"):
        return False
    if any(hasattr(cls, name) for name in _MODEL_METHODS) or not hasattr(cls, "transform"):
        return True
    return cls.__module__.startswith("sklearn.") and not cls.__module__.startswith(PREPARATION)


def last_step(estimator: Any) -> Any:
    """The model at the end of a pipeline, however deep; None when that passes data through."""
    while _is_pipeline(estimator):
        try:
            estimator = estimator.steps[-1][1]
        except (AttributeError, IndexError, TypeError, ValueError):
            return None
    return None if isinstance(estimator, str) else estimator


def model_inside(estimator: Any) -> Any:
    """The fitted model that predicts: a search's best one, a pipeline's last step, or itself."""
    inner = last_step(state_of(estimator).get("best_estimator_", estimator))
    return estimator if inner is None or inner is estimator else model_inside(inner)


def _is_pipeline(estimator: Any) -> bool:
    """Also for subclasses of scikit-learn's, such as imbalanced-learn's."""
    return any(base.__name__ == "Pipeline" for base in type(estimator).__mro__)
