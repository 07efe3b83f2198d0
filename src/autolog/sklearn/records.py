"""All that is recorded of a fit, for docs/what-is-recorded.md. Nothing here imports scikit-learn."""

from __future__ import annotations

from ..patcher import Record
from .described import DERIVED, HISTORIES, NUMBERS

_CLASSIFIERS, _REGRESSORS, _CLUSTERERS = "classifiers", "regressors", "clusterers"
_MODELS_THAT_HAVE_IT = "models that have it"

_PARAMS = (
    Record("param", "*", "every parameter of the estimator and of the estimators inside it (`step__param`)"),
)

_TAGS = (
    Record("tag", "autolog.framework", "`sklearn`"),
    Record("tag", "autolog.estimator", "the estimator's class, with its module"),
    Record("tag", "autolog.params", "why params are missing: the estimator could not name them"),
    Record(
        "tag",
        "autolog.training_metrics",
        "which rows the training metrics are of, or why there are none; "
        "they take up to a twentieth of the fit's time, at least 3 ms, at most 5 s",
    ),
    Record("tag", "autolog.warnings", "number of warnings shown during the fit"),
    Record("tag", "autolog.model", "why the model was not saved"),
)

_METRICS = (
    Record("metric", "fit_time", "seconds that the fit took"),
    Record("metric", "partial_fit_time", "seconds that the call took; a step for each call", "`partial_fit`"),
    Record("metric", "samples_seen", "rows in all calls so far", "`partial_fit`"),
    Record(
        "metric", "training_score", "the model's own `score` on the training data", "models with a `score`"
    ),
    Record("metric", "training_accuracy", "share of rows predicted right", _CLASSIFIERS),
    Record("metric", "training_precision", "precision, averaged by class frequency", _CLASSIFIERS),
    Record("metric", "training_recall", "recall, averaged by class frequency", _CLASSIFIERS),
    Record("metric", "training_f1", "F1, averaged by class frequency", _CLASSIFIERS),
    Record("metric", "training_log_loss", "log loss", "classifiers with `predict_proba`"),
    Record(
        "metric",
        "training_roc_auc",
        "area under the ROC curve; one against the rest, averaged by class"
        " frequency, of more than two classes",
        "classifiers with class scores",
    ),
    Record("metric", "training_r2", "share of the variance explained", _REGRESSORS),
    Record("metric", "training_mean_squared_error", "mean squared error", _REGRESSORS),
    Record("metric", "training_root_mean_squared_error", "its root, in units of the target", _REGRESSORS),
    Record("metric", "training_mean_absolute_error", "mean absolute error", _REGRESSORS),
    Record("metric", "training_silhouette", "silhouette of at most 400 rows", _CLUSTERERS),
    Record("metric", "n_clusters", "clusters found", _CLUSTERERS),
    Record("metric", "n_noise", "rows that belong to no cluster", _CLUSTERERS),
    Record("metric", "score", "`model.score(…)`, called after the fit; a step for each call", "later scores"),
    *(
        Record(
            "metric",
            f"*{ending}",
            "a function of `sklearn.metrics`, called on this model's predictions",
            "later scores",
        )
        for ending in ("_score", "_loss", "_error", "_deviance", "_corrcoef")
    ),
)

_FITTED = (
    *(
        Record("metric", name.removesuffix("_"), meaning, _MODELS_THAT_HAVE_IT)
        for name, meaning in NUMBERS.items()
    ),
    *(Record("metric", name, meaning, _MODELS_THAT_HAVE_IT) for name, meaning in DERIVED.items()),
    *(
        Record("metric", name, meaning, _MODELS_THAT_HAVE_IT)
        for name, meaning in dict(HISTORIES.values()).items()
    ),
)

_FILES = (
    Record(
        "artifact",
        "model",
        "the fitted model, of a search its best estimator, with the signature of the data",
    ),
    Record("artifact", "fitted.json", "number and names of features, classes"),
    Record("artifact", "feature_importances.json", "table of features and importances", _MODELS_THAT_HAVE_IT),
    Record(
        "artifact", "coefficients.json", "table of features and coefficients, for each class", "linear models"
    ),
    Record("artifact", "confusion_matrix.json", "labels and counts, on the training data", _CLASSIFIERS),
    Record("artifact", "roc_curve.json", "ROC curves on the training data", "classifiers with class scores"),
    Record(
        "artifact",
        "precision_recall_curve.json",
        "precision-recall curves on the training data",
        "classifiers with class scores",
    ),
    Record("artifact", "warnings.txt", "warnings shown during the fit", "fits that warn"),
    Record("artifact", "traceback.txt", "exception and traceback", "fits that fail"),
)

_INPUTS = (Record("input", "train", "shape, types, content digest, class balance of the training data"),)

RECORDS: tuple[Record, ...] = (*_PARAMS, *_TAGS, *_METRICS, *_FITTED, *_FILES, *_INPUTS)
