from __future__ import annotations

import copy
import io
import pickle
import random
import threading
import warnings
from typing import Any

import joblib
import numpy as np
import pytest
import scipy.sparse
import scipy.stats
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import make_classification
from sklearn.experimental import enable_halving_search_cv  # noqa: F401  makes the next import work
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import make_scorer, precision_score
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    ParameterGrid,
    RandomizedSearchCV,
    _search,
    _validation,
    cross_val_score,
)
from sklearn.model_selection._search import BaseSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

import autolog
from tests.autolog.sklearn.trials_read import assert_all_recorded, same, trials

X, Y = make_classification(90, 5, random_state=0)
FIRST = X[0, 0]
TREE = DecisionTreeClassifier(random_state=0)
DEPTHS = {"max_depth": [1, 2, 3, 4]}

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning", "ignore::UserWarning")


def grid(**options: Any) -> GridSearchCV:
    return GridSearchCV(TREE, DEPTHS, cv=3, **options)


def randomized(**options: Any) -> RandomizedSearchCV:
    depth = {"max_depth": scipy.stats.randint(1, 9)}
    return RandomizedSearchCV(TREE, depth, n_iter=4, cv=3, random_state=0, **options)


def halving_grid(**options: Any) -> HalvingGridSearchCV:
    return HalvingGridSearchCV(TREE, DEPTHS, cv=3, factor=2, random_state=0, **options)


def halving_random(**options: Any) -> HalvingRandomSearchCV:
    depth = {"max_depth": scipy.stats.randint(1, 9)}
    return HalvingRandomSearchCV(TREE, depth, cv=3, n_candidates=4, factor=2, random_state=0, **options)


SEARCHES = [grid, randomized, halving_grid, halving_random]


class Refuses(ClassifierMixin, BaseEstimator):
    """Cannot be fitted with ``a`` below 0, and only in some folds with ``a`` = 0."""

    def __init__(self, a: float = 1) -> None:
        self.a = a

    def fit(self, X: Any, y: Any) -> Refuses:
        if self.a < 0 or (self.a == 0 and X[0, 0] == FIRST):
            raise ValueError(f"cannot do {self.a}\n  at all: no")
        self.classes_ = np.unique(y)
        return self

    def predict(self, X: Any) -> Any:
        return np.zeros(len(X), dtype=int)


def fitted(search: Any, runs: Any) -> tuple[Any, Any]:
    """The search, fitted, and its run."""
    search.fit(X, Y)
    (run,) = [run for run in runs() if run.parent_id is None]
    return search, run


@pytest.mark.parametrize("make", SEARCHES)
@pytest.mark.parametrize("backend", ["sequential", "threading"])
def test_every_candidate_is_a_nested_run(make: Any, backend: str, runs: Any) -> None:
    with joblib.parallel_config(backend=backend, n_jobs=2):
        search, run = fitted(make(return_train_score=True), runs)
    assert_all_recorded(search, run)
    assert run.status == "FINISHED"


@pytest.mark.slow
@pytest.mark.parametrize("make", SEARCHES)
@pytest.mark.parametrize("backend", ["loky", "multiprocessing"])
def test_every_candidate_of_other_processes_is_a_nested_run(make: Any, backend: str, runs: Any) -> None:
    with joblib.parallel_config(backend=backend, n_jobs=2):
        search, run = fitted(make(), runs)
    assert_all_recorded(search, run)


def test_the_searchs_own_run(runs: Any) -> None:
    search, run = fitted(grid(), runs)
    assert run.name == "GridSearchCV"
    assert run.params["best_max_depth"] == search.best_params_["max_depth"]
    assert run.metrics["best_score"] == search.best_score_
    assert run.metrics["best_index"] == search.best_index_
    assert run.metrics["refit_time"] == search.refit_time_
    assert run.metrics["n_splits"] == 3
    assert run.metrics["n_candidates"] == 4
    assert "cv_results.json" in list(run.artifacts())


def test_failed_candidates_are_failed(runs: Any) -> None:
    search = GridSearchCV(Refuses(), {"a": [1, -1, 0]}, cv=3)
    search, run = fitted(search, runs)
    good, bad, partly = assert_all_recorded(search, run)
    assert (good.status, bad.status, partly.status) == ("FINISHED", "FAILED", "FAILED")
    assert bad.error == "ValueError: cannot do -1\n  at all: no"
    assert "in fit" in bad.artifacts().path("traceback.txt").read_text()
    assert run.status == "FINISHED"


def test_failed_candidates_with_a_scoring_function_of_the_users(runs: Any) -> None:
    def several(estimator: Any, X: Any, y: Any) -> dict[str, float]:
        return {"a": estimator.a, "b": 1.0}

    search = GridSearchCV(Refuses(), {"a": [1, -1, 0]}, cv=3, scoring=several, refit="a")
    assert_all_recorded(*fitted(search, runs))


def test_all_candidates_failed(runs: Any) -> None:
    with pytest.raises(ValueError, match="All the 6 fits failed"):
        GridSearchCV(Refuses(), {"a": [-1, -2]}, cv=3).fit(X, Y)
    *children, run = sorted(runs(), key=lambda run: run.parent_id is None)
    assert [child.status for child in children] == ["FAILED"] * 2
    assert run.status == "FAILED"


def test_the_error_of_a_candidate_goes_through_when_asked_for(runs: Any) -> None:
    with pytest.raises(ValueError, match="cannot do -1"):
        GridSearchCV(Refuses(), {"a": [1, -1, 2]}, cv=3, error_score="raise").fit(X, Y)
    (run,) = [run for run in runs() if run.parent_id is None]
    assert [child.status for child in trials(run)] == ["FINISHED", "FAILED"]
    assert trials(run)[1].error.startswith("ValueError: cannot do -1")
    assert run.status == "FAILED"


@pytest.mark.parametrize("refit", [False, "recall", "accuracy"])
def test_several_metrics(refit: Any, runs: Any) -> None:
    search, run = fitted(grid(scoring=["accuracy", "recall"], refit=refit), runs)
    if refit:
        assert_all_recorded(search, run)
    else:  # nothing says which one is best
        assert not any("autolog.best" in child.tags for child in trials(run))
        assert len(trials(run)) == 4


def test_no_refit(runs: Any) -> None:
    search, run = fitted(grid(refit=False), runs)
    assert_all_recorded(search, run)
    assert "refit_time" not in run.metrics


def test_a_function_chooses_the_best(runs: Any) -> None:
    search, run = fitted(grid(refit=lambda results: 2), runs)
    assert_all_recorded(search, run)
    assert "best_score" not in run.metrics


@pytest.mark.parametrize("data", [X.tolist(), scipy.sparse.csr_matrix(X), scipy.sparse.csr_array(X)])
def test_lists_and_sparse_data(data: Any, runs: Any) -> None:
    search = grid().fit(data, Y.tolist())
    (run,) = [run for run in runs() if run.parent_id is None]
    assert_all_recorded(search, run)


def test_estimators_as_values_and_duplicates(runs: Any) -> None:
    pipeline = Pipeline([("scale", StandardScaler()), ("model", TREE)])
    values = [LogisticRegression(C=2), TREE, TREE, LinearSVC()]
    search = GridSearchCV(pipeline, {"model": values, "scale": ["passthrough", None]}, cv=3).fit(X, Y)
    (run,) = [run for run in runs() if run.parent_id is None]
    children = trials(run)
    assert len(children) == len(search.cv_results_["params"]) == 8
    assert children[0].params == {"model": "LogisticRegression(C=2)", "scale": "passthrough"}
    assert children[2].params == children[4].params
    assert [
        same(c.metrics["mean_test_score"], m)
        for c, m in zip(children, search.cv_results_["mean_test_score"], strict=True)
    ] == [True] * 8


class Narrowing(BaseSearchCV):
    """A search of a third party, with batches and columns of its own."""

    def __init__(self, estimator: Any, batches: Any, **options: Any) -> None:
        super().__init__(estimator, **options)
        self.batches = batches

    def _run_search(self, evaluate_candidates: Any) -> None:
        for number, batch in enumerate(self.batches):
            more = {"batch": [number] * len(batch), "label": ["x"] * len(batch)}
            evaluate_candidates(({"max_depth": depth} for depth in batch), more_results=more)


class NarrowingMore(Narrowing):
    """Adds a candidate to those of its base."""

    def _run_search(self, evaluate_candidates: Any) -> None:
        super()._run_search(evaluate_candidates)
        evaluate_candidates([{"max_depth": 7}])


def test_a_search_of_another_package(runs: Any) -> None:
    search, run = fitted(Narrowing(TREE, [[1, 2], [3], [2, 4]], cv=3), runs)
    children = assert_all_recorded(search, run)
    assert [child.metrics["batch"] for child in children] == [0, 0, 1, 2, 2]


def test_a_search_that_extends_another(runs: Any) -> None:
    search, run = fitted(NarrowingMore(TREE, [[1, 2], [3, 4]], cv=3), runs)
    assert len(assert_all_recorded(search, run)) == 5


class Persistent(BaseSearchCV):
    """Goes on when a batch fails."""

    def __init__(self, estimator: Any, **options: Any) -> None:
        super().__init__(estimator, **options)

    def _run_search(self, evaluate_candidates: Any) -> None:
        evaluate_candidates([{"a": 1}])
        try:
            evaluate_candidates([{"a": -1}])
        except ValueError:
            evaluate_candidates([{"a": 2}, {"a": 3}])


def test_rows_are_counted_without_a_batch_that_failed(runs: Any) -> None:
    _, run = fitted(Persistent(Refuses(), cv=3), runs)
    children = trials(run)
    assert [child.params["a"] for child in children] == [1, -1, 2, 3]
    assert [child.status for child in children] == ["FINISHED", "FAILED", "FINISHED", "FINISHED"]
    assert [child.metrics.get("rank_test_score") for child in children] == [1, None, 1, 1]


def test_a_search_inside_another_fit_is_part_of_it(runs: Any) -> None:
    make_pipeline(StandardScaler(), grid()).fit(X, Y)
    cross_val_score(grid(), X, Y, cv=2)
    assert [run.name for run in runs()] == ["Pipeline", "cross_val_score GridSearchCV"]


def test_a_search_inside_a_search_is_part_of_its_trials(runs: Any) -> None:
    outer = GridSearchCV(grid(), {"estimator__min_samples_leaf": [1, 2]}, cv=2)
    search, run = fitted(outer, runs)
    assert_all_recorded(search, run)
    assert len(runs()) == 3


def test_no_trials_when_turned_off() -> None:
    autolog.enable(store="runs", trials=False, models=False)
    search = grid().fit(X, Y)
    (run,) = autolog.search_runs(store="runs")
    assert run.metrics["best_score"] == search.best_score_


def test_a_search_in_a_run_of_the_users(runs: Any) -> None:
    with autolog.run("mine"):
        first = grid().fit(X, Y)
        second = grid(scoring="recall").fit(X, Y)
    mine = next(run for run in runs() if run.parent_id is None)
    nested = next(run for run in mine.children() if run.name == "GridSearchCV")
    assert len(mine.children()) == 5
    assert mine.metrics["best_score"] == first.best_score_
    assert_all_recorded(second, nested)


def test_trials_are_seen_while_the_search_runs(runs: Any) -> None:
    seen: list[list[str]] = []

    class Looks(Refuses):
        def fit(self, X: Any, y: Any) -> Refuses:
            looking = threading.Thread(target=lambda: seen.append(statuses()))
            looking.start()
            looking.join()
            return super().fit(X, y)

    def statuses() -> list[str]:
        return [run.status for run in runs() if run.parent_id is not None]

    GridSearchCV(Looks(), {"a": [1, 2]}, cv=2, refit=False).fit(X, Y)
    assert seen == [["RUNNING"], ["RUNNING"], ["FINISHED", "RUNNING"], ["FINISHED", "RUNNING"]]


@pytest.mark.slow
def test_trials_of_workers_are_complete_while_the_search_runs(runs: Any) -> None:
    complete: list[int] = []

    def look() -> None:
        while not over.wait(0.2):
            complete.append(sum("std_test_score" in run.metrics for run in runs() if run.parent_id))

    over = threading.Event()
    watcher = threading.Thread(target=look)
    watcher.start()
    search = GridSearchCV(Slow(), {"a": list(range(6))}, cv=2, n_jobs=2).fit(X, Y)
    over.set()
    watcher.join()
    assert any(0 < count < 6 for count in complete)
    (run,) = [run for run in runs() if run.parent_id is None]
    assert_all_recorded(search, run)


class Slow(Refuses):
    def fit(self, X: Any, y: Any) -> Refuses:
        threading.Event().wait(0.4)
        return super().fit(X, y)


class Talks(Refuses):
    def fit(self, X: Any, y: Any) -> Refuses:
        autolog.log_metric("rows", len(X))
        warnings.warn(f"this is {self.a}", stacklevel=1)
        return super().fit(X, y)


@pytest.mark.parametrize("backend", ["sequential", pytest.param("loky", marks=pytest.mark.slow)])
def test_what_a_candidate_logs_is_its_trials(backend: str, runs: Any) -> None:
    with joblib.parallel_config(backend=backend, n_jobs=2):
        _, run = fitted(GridSearchCV(Talks(), {"a": [1, 2]}, cv=3, refit=False), runs)
    assert [list(child.history("rows").value) for child in trials(run)] == [[60, 60, 60]] * 2
    assert "rows" not in run.metrics


def test_warnings_of_candidates_are_the_searchs(runs: Any) -> None:
    with pytest.warns(match="this is"):
        _, run = fitted(GridSearchCV(Talks(), {"a": [1, 2]}, cv=3, refit=False), runs)
    assert run.tags["autolog.warnings"] == "6"


def test_two_threads_search_at_once(runs: Any) -> None:
    searches = [grid(), randomized()]
    threads = [threading.Thread(target=search.fit, args=(X, Y)) for search in searches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = {run.name: run for run in runs() if run.parent_id is None}
    assert sorted(found) == ["GridSearchCV", "RandomizedSearchCV"]
    for search in searches:
        assert_all_recorded(search, found[type(search).__name__])


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("verbose", "silent", "shown"), [(0, False, True), (1, False, False), (0, True, False)]
)
def test_progress_on_a_terminal(
    verbose: int, silent: bool, shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    autolog.enable(store="runs", models=False, silent=silent)
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    grid(verbose=verbose).fit(X, Y)
    pictures = terminal.getvalue().split("\r")
    assert any(picture.startswith("trials 0/4") for picture in pictures) == shown
    assert pictures[-1] == ""


# The same with and without us


def outcome(search: Any) -> dict[str, Any]:
    random.seed(1)
    np.random.seed(1)
    search.fit(X, Y)
    return {
        "results": {n: v for n, v in search.cv_results_.items() if not n.endswith("_time")},
        "best": search.best_params_,
        "types": [type(value) for value in search.best_params_.values()],
        "random": (random.random(), np.random.random()),
        "attributes": sorted(vars(search)),
    }


@pytest.mark.parametrize("make", SEARCHES)
def test_the_result_is_the_same_as_without(make: Any) -> None:
    bare = outcome(make())
    autolog.enable(store="runs")
    ours = outcome(make())
    np.testing.assert_equal(ours, bare)


def test_candidates_are_drawn_once() -> None:
    def search() -> RandomizedSearchCV:
        return RandomizedSearchCV(TREE, {"max_depth": scipy.stats.randint(1, 9)}, n_iter=3, cv=3)

    bare = outcome(search())
    autolog.enable(store="runs")
    np.testing.assert_equal(outcome(search()), bare)


def test_nothing_of_ours_stays_when_turned_off(runs: Any) -> None:
    autolog.disable()
    assert not hasattr(_validation._fit_and_score, "__wrapped__")
    assert _search._fit_and_score is _validation._fit_and_score
    for method in (GridSearchCV._run_search, BaseSearchCV._format_results):
        assert not hasattr(method, "__wrapped__")


def test_the_search_pickles_and_copies(runs: Any) -> None:
    search, _ = fitted(grid(scoring=make_scorer(precision_score)), runs)
    data = pickle.dumps(search)
    assert b"autolog" not in data
    for twin in (pickle.loads(data), copy.deepcopy(search)):
        assert (twin.predict(X) == search.predict(X)).all()


def test_the_grid_is_what_the_search_evaluates(runs: Any) -> None:
    search, run = fitted(GridSearchCV(TREE, [DEPTHS, {"criterion": ["entropy"]}], cv=2), runs)
    assert [trial.params for trial in trials(run)] == list(ParameterGrid(search.param_grid))
