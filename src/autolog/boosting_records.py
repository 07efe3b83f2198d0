"""What is recorded of gradient boosting, for docs/what-is-recorded.md. Imports no library."""

from __future__ import annotations

from .patcher import Record

_ESTIMATORS = "scikit-learn estimators"
_CV = "`cv`"


def records(library: str, *, first: int, importances: str) -> tuple[Record, ...]:
    """``first`` is the number that the library gives the first round, ``importances`` its types of them."""
    best = (
        "the best round" if first == 0 else f"the best round, which is {library}'s number: its step plus one"
    )
    return (
        Record("param", "*", "every param that was given, with the number of rounds and how to stop early"),
        Record("param", "*", "every param of the estimator", _ESTIMATORS),
        Record("param", "effective.*", "every setting that the booster really used, defaults included"),
        Record("tag", "autolog.framework", f"`{library}`"),
        Record("tag", "autolog.estimator", "the estimator's class, with its module", _ESTIMATORS),
        Record("tag", "autolog.model", "why the model was not saved"),
        Record("metric", "*-*", "`<data>-<metric>` after each round, live; step = the model's round, from 0"),
        Record("metric", "*-fold*", "`<data>-<metric>` of each fold, live; step = round, from 0", _CV),
        Record("metric", "*-mean", "the same, mean of the folds", _CV),
        Record("metric", "*-std", "the same, standard deviation of the folds", _CV),
        Record("metric", "best_iteration", best, "early stopping"),
        Record("metric", "best_score", "the metric at the best round", "early stopping"),
        Record("metric", "training_time", "seconds that the rounds took"),
        Record("metric", "n_rounds", "rounds that the model has"),
        Record("metric", "n_trees", "trees that the model has"),
        Record("metric", "n_features", "features that the model takes"),
        Record("artifact", "booster.json", "names, types and categories of the features"),
        Record("artifact", "feature_importances.json", f"table of features and importances: {importances}"),
        Record("artifact", "cv_results.json", "what `cv` returned", _CV),
        Record(
            "artifact", "model", "the trained model, loadable without trust, with the signature of the data"
        ),
        Record("input", "train", "shape, columns, gaps and class balance of the training data"),
        Record("input", "*", "the same of each evaluation set, by its name"),
    )
