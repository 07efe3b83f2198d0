"""``partial_fit``: one run for each object, a step for each call."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import IncrementalPCA
from sklearn.linear_model import SGDClassifier, SGDRegressor
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import StandardScaler

import autolog


def batches(iris, n: int):
    X, y = iris
    order = np.random.RandomState(0).permutation(len(X))
    return [(X[part], y[part]) for part in np.array_split(order, n)]


@pytest.mark.slow
def test_one_run_a_step_each_call(runs, iris) -> None:
    model, other = SGDClassifier(random_state=0), MiniBatchKMeans(2, n_init=1)
    for X, y in batches(iris, 5):
        model.partial_fit(X, y, classes=[0, 1, 2])
        other.partial_fit(X)
    first, second = runs()
    assert (first.name, second.name) == ("SGDClassifier", "MiniBatchKMeans")
    assert first.status == "RUNNING"
    assert list(first.history("partial_fit_time").step) == list(range(5))
    assert list(first.history("samples_seen").value) == [30, 60, 90, 120, 150]
    assert 0 in first.history("training_accuracy").step
    assert first.params["random_state"] == 0
    assert len(first.inputs) == 1
    del model
    gc.collect()
    assert [run.status for run in runs()] == ["FINISHED", "RUNNING"]


def test_inside_a_run_of_the_users(runs, iris) -> None:
    with autolog.run("mine"):
        first, second = SGDClassifier(), SGDRegressor()
        for X, y in batches(iris, 3):
            first.partial_fit(X, y, classes=[0, 1, 2])
            second.partial_fit(X, y)
    mine, nested = runs()
    assert (mine.name, nested.name, nested.parent_id) == ("mine", "SGDRegressor", mine.id)
    assert (mine.status, nested.status) == ("FINISHED", "FINISHED")
    assert list(mine.history("samples_seen").value) == [50, 100, 150]


def test_a_call_after_the_run_ended_begins_another(runs, iris) -> None:
    model = SGDRegressor()
    for _ in range(2):
        with autolog.run("mine"):
            model.partial_fit(*iris)
    assert [run.metrics["samples_seen"] for run in runs()] == [150, 150]


def test_what_is_fitted_inside_is_part_of_it(runs, iris) -> None:
    OneVsRestClassifier(SGDClassifier()).partial_fit(*iris, classes=[0, 1, 2])
    assert [run.name for run in runs()] == ["OneVsRestClassifier"]


def test_inside_a_fit_it_is_part_of_the_fit(runs, iris) -> None:
    IncrementalPCA(2, batch_size=50).fit(iris[0])
    (run,) = runs()
    assert "fit_time" in run.metrics
    assert "partial_fit_time" not in run.metrics


def test_preparation_makes_no_run(runs, iris) -> None:
    StandardScaler().partial_fit(iris[0])
    assert runs() == []


def test_a_failure_ends_the_run_and_the_next_call_begins_one(runs, iris) -> None:
    X, y = iris
    model = SGDClassifier()
    with pytest.raises(ValueError, match="classes must be passed"):
        model.partial_fit(X, y)
    model.partial_fit(X, y, classes=[0, 1, 2])
    failed, going = runs()
    assert (failed.status, going.status) == ("FAILED", "RUNNING")
    assert failed.error.startswith("ValueError: classes must be passed")


def test_scores_are_in_the_same_run(runs, iris) -> None:
    model = SGDClassifier().partial_fit(*iris, classes=[0, 1, 2])
    assert model.score(*iris) == runs()[0].metrics["score"]


@pytest.mark.slow
def test_what_was_learned_is_kept_at_the_end(iris) -> None:
    autolog.enable(store="runs", silent=True)
    with autolog.run("mine") as mine:
        kept, gone = SGDClassifier(), SGDClassifier()
        for model in (kept, gone):
            model.partial_fit(*iris, classes=[0, 1, 2])
        del model, gone
        gc.collect()
    of_gone, of_kept = autolog.search_runs(store="runs")
    assert of_kept.id == mine.id
    assert {"model/MLmodel", "coefficients.json"} <= set(of_kept.artifacts())
    assert (of_gone.status, "coefficients.json" in list(of_gone.artifacts())) == ("FINISHED", False)
