"""Scores that are computed after the fit."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from sklearn import metrics
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, log_loss, r2_score, roc_auc_score, silhouette_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


@pytest.fixture
def halves(iris):
    X, y = iris
    y = (y == 1).astype(int)
    return X[::2], X[1::2], y[::2], y[1::2]


def test_scores_of_a_models_predictions_are_in_its_run(runs, halves) -> None:
    X, X_test, y, y_test = halves
    first, second = LogisticRegression(C=1.0), make_pipeline(StandardScaler(), LogisticRegression(C=9.0))
    first.fit(X, y)
    second.fit(X, y)
    predicted, proba = second.predict(X_test), second.predict_proba(X_test)
    expected = {
        "accuracy_score": accuracy_score(y_test, predicted),
        "f1_score": metrics.f1_score(y_true=y_test, y_pred=predicted),
        "roc_auc_score": roc_auc_score(y_test, proba[:, 1]),
        "log_loss": log_loss(y_test, proba),
        "average_precision_score": metrics.average_precision_score(y_test, second.decision_function(X_test)),
        "score": second.score(X_test, y_test),
    }
    of_first, of_second = runs()
    assert of_second.params["logisticregression__C"] == 9.0
    assert {name: of_second.metrics[name] for name in expected} == expected
    assert not set(expected) & set(of_first.metrics)
    assert of_second.status == "FINISHED"


def test_each_further_score_is_a_step(runs, halves) -> None:
    X, X_test, y, y_test = halves
    model = LogisticRegression().fit(X, y)
    values = [model.score(X, y), model.score(X_test, y_test)]
    history = runs()[0].history("score")
    assert (list(history.step), list(history.value)) == ([0, 1], values)


def test_a_metric_inside_a_metric_is_not_logged(runs, halves) -> None:
    X, X_test, y, y_test = halves
    model = LogisticRegression().fit(X, y)
    f1_score(y_test, model.predict(X_test))  # which calls fbeta_score
    model.score(X_test, y_test)  # which calls accuracy_score
    assert {"fbeta_score", "accuracy_score"}.isdisjoint(runs()[0].metrics)


def test_clusterers(runs, iris) -> None:
    X, _ = iris
    labels = KMeans(3, n_init=1, random_state=0).fit_predict(X)
    model = KMeans(2, n_init=1, random_state=0).fit(X)
    value = silhouette_score(X, model.labels_)
    assert runs()[1].metrics["silhouette_score"] == value
    assert len(labels) == 150


def test_the_best_estimator_of_a_search_is_the_search(runs, halves) -> None:
    X, X_test, y, y_test = halves
    search = GridSearchCV(LogisticRegression(), {"C": [1.0]}, cv=2).fit(X, y)
    r2_score(y_test, search.best_estimator_.predict(X_test))
    (run,) = [run for run in runs() if run.parent_id is None]
    assert "r2_score" in run.metrics


def test_what_cannot_be_followed_is_not(runs, halves) -> None:
    X, X_test, y, y_test = halves
    model = LinearRegression().fit(X, y)
    before = dict(runs()[0].metrics)
    other = clone(model)
    other.coef_, other.intercept_ = model.coef_, model.intercept_
    metrics.mean_squared_error(y_test, other.predict(X_test))
    metrics.mean_squared_error(y_test, model.predict(X_test).tolist())
    metrics.mean_squared_error(y_test, y_test)
    other.score(X_test, y_test)
    assert runs()[0].metrics == before


def test_permutation_importance_is_no_score(runs, halves) -> None:
    X, _, y, _ = halves
    model = LogisticRegression().fit(X, y)
    permutation_importance(model, X, y, n_repeats=2)
    assert "score" not in runs()[0].metrics


def test_errors_of_a_metric_pass(runs, halves) -> None:
    X, X_test, y, y_test = halves
    model = LogisticRegression().fit(X, y)
    with pytest.raises(ValueError, match="inconsistent"):
        accuracy_score(y_test[:3], model.predict(X_test))


def test_data_given_to_a_model_is_no_prediction_of_it(runs, halves) -> None:
    X, X_test, y, y_test = halves

    class Echo(LinearRegression):
        def predict(self, X):
            return X[:, 0]

    model = Echo().fit(X, y)
    model.predict(X_test)
    metrics.mean_absolute_error(y_test, X_test[:, 1])
    assert "mean_absolute_error" not in runs()[0].metrics


@pytest.mark.slow
def test_a_metric_imported_before_enable(tmp_path) -> None:
    code = """
from sklearn.metrics import accuracy_score
from sklearn.linear_model import LogisticRegression
import numpy as np
import autolog
autolog.enable(store="runs", models=False)
X, y = np.eye(20), np.arange(20) % 2
model = LogisticRegression().fit(X, y)
value = accuracy_score(y, model.predict(X))
(run,) = autolog.search_runs()
assert run.metrics["accuracy_score"] == value, run.metrics
autolog.disable()
assert "autolog" not in type(accuracy_score.__closure__[0].cell_contents).__module__
"""
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)


def test_after_disable_nothing_is_logged(runs, halves) -> None:
    import autolog

    X, X_test, y, y_test = halves
    model = LogisticRegression().fit(X, y)
    autolog.disable()
    accuracy_score(y_test, model.predict(X_test))
    model.score(X_test, y_test)
    found = autolog.search_runs(store="runs")[0].metrics
    assert {"score", "accuracy_score"}.isdisjoint(found)
    assert np.isfinite(found["fit_time"])
