from __future__ import annotations

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import (
    GroupKFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    permutation_test_score,
    validation_curve,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

import autolog
from tests.autolog.sklearn.test_searches import Refuses

X, Y = make_classification(90, 5, random_state=0)
TREE = DecisionTreeClassifier(max_depth=2, random_state=0)


def test_each_fold_is_a_step(runs: Any) -> None:
    result = cross_validate(TREE, X, Y, cv=4, scoring=["accuracy", "recall"], return_train_score=True)
    (run,) = runs()
    assert run.name == "cross_validate DecisionTreeClassifier"
    assert run.params["max_depth"] == 2
    assert run.params["cross_validate_cv"] == 4
    assert run.tags["autolog.estimator"].endswith("DecisionTreeClassifier")
    assert [given.name for given in run.inputs] == ["train"]
    for name, values in result.items():
        assert list(run.history(name).value) == values.tolist()
        assert list(run.history(name).step) == [0, 1, 2, 3]
        assert run.metrics[f"mean_{name}"] == np.mean(values)
    assert run.status == "FINISHED"


@pytest.mark.parametrize("backend", ["sequential", "threading"])
def test_cross_val_score_is_one_run(backend: str, runs: Any) -> None:
    with joblib.parallel_config(backend=backend, n_jobs=2):
        scores = cross_val_score(
            make_pipeline(StandardScaler(), TREE), X, Y, cv=GroupKFold(3), groups=Y.cumsum()
        )
    (run,) = runs()
    assert run.name == "cross_val_score Pipeline"
    assert list(run.history("test_score").value) == scores.tolist()
    assert len(run.history("fit_time")) == 3


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["loky", "multiprocessing"])
def test_cross_val_score_in_other_processes_is_one_run(backend: str, runs: Any) -> None:
    with joblib.parallel_config(backend=backend, n_jobs=2):
        scores = cross_val_score(TREE, X, Y, cv=3)
    (run,) = runs()
    assert list(run.history("test_score").value) == scores.tolist()


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
def test_failed_folds_are_noted(runs: Any) -> None:
    scores = cross_val_score(Refuses(a=0), X, Y, cv=3)
    assert 0 < np.isnan(scores).sum() < 3
    (run,) = runs()
    np.testing.assert_equal(list(run.history("test_score").value), scores.tolist())
    assert run.tags["autolog.error"].startswith("ValueError: cannot do 0")
    assert "traceback.txt" in list(run.artifacts())
    assert run.status == "FINISHED"


def test_a_cross_validation_that_fails_is_a_failed_run(runs: Any) -> None:
    with pytest.raises(ValueError, match="All the 3 fits failed"):
        cross_val_score(Refuses(a=-1), X, Y, cv=3)
    (run,) = runs()
    assert run.status == "FAILED"
    assert run.error.startswith("ValueError: ")


def test_predictions_of_a_cross_validation(runs: Any) -> None:
    predicted = cross_val_predict(TREE, X, Y, cv=3)
    score = accuracy_score(Y, predicted)
    (run,) = runs()
    assert run.name == "cross_val_predict DecisionTreeClassifier"
    assert run.metrics == {"accuracy_score": score}


def test_learning_curve(runs: Any) -> None:
    sizes, train, test = learning_curve(TREE, X, Y, cv=3, train_sizes=[20, 40])
    (run,) = runs()
    assert list(run.history("mean_test_score").step) == sizes.tolist()
    assert list(run.history("mean_test_score").value) == test.mean(axis=1).tolist()
    assert list(run.history("std_train_score").value) == pytest.approx(train.std(axis=1).tolist())


def test_validation_curve(runs: Any) -> None:
    train, _ = validation_curve(TREE, X, Y, param_name="max_depth", param_range=[1, 2, 3], cv=3)
    (run,) = runs()
    assert run.params["validation_curve_param_name"] == "max_depth"
    assert list(run.history("mean_test_score").step) == [0, 1, 2]
    assert list(run.history("mean_train_score").value) == train.mean(axis=1).tolist()


def test_permutation_test(runs: Any) -> None:
    score, permuted, p_value = permutation_test_score(TREE, X, Y, cv=3, n_permutations=4)
    (run,) = runs()
    assert run.metrics["test_score"] == score
    assert run.metrics["p_value"] == p_value
    assert list(run.history("permutation_score").value) == permuted.tolist()


def test_inside_a_run_of_the_users(runs: Any) -> None:
    with autolog.run("mine"):
        cross_val_score(TREE, X, Y, cv=2)
        cross_val_score(LogisticRegression(), X, Y, cv=2)
    nested, mine = sorted(runs(), key=lambda run: run.parent_id is None)
    assert mine.params["max_depth"] == 2
    assert nested.parent_id == mine.id


def test_an_excluded_estimator_makes_no_run() -> None:
    autolog.enable(store="runs", exclude=["sklearn.tree.*"])
    cross_val_score(TREE, X, Y, cv=2)
    assert not Path("runs").exists()


def test_the_result_is_the_same_as_without() -> None:
    def folds() -> Any:
        np.random.seed(0)
        return cross_val_score(DecisionTreeClassifier(), X, Y, cv=3), np.random.random()

    bare = folds()
    autolog.enable(store="runs")
    np.testing.assert_equal(folds(), bare)
