"""A grid search of 200 candidates × 3 folds with fits of about 5 ms; all trials recorded."""

from __future__ import annotations

from time import perf_counter

from .harness import Benchmark, Figure, Numbers, run

CANDIDATES = 200


def one_search(n_jobs: int) -> float:
    """Seconds from the call of fit to its return."""
    import numpy as np
    from sklearn.datasets import make_classification
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV

    X, y = make_classification(7_000, 20, random_state=0)
    grid = {"C": np.logspace(-3, 3, CANDIDATES).tolist()}
    search = GridSearchCV(LogisticRegression(), grid, cv=3, n_jobs=n_jobs)
    begin = perf_counter()
    search.fit(X, y)
    return perf_counter() - begin


def searches() -> Numbers:
    return {"n_jobs=1": one_search(1), "n_jobs=2": one_search(2)}


def bare() -> Numbers:
    return searches() | {"trials": 0}


def ours() -> Numbers:
    import autolog

    autolog.enable()
    numbers = searches()
    return numbers | {"trials": len(autolog.search_runs("parent is not null")) / 2}


def mlflow_defaults() -> Numbers:
    import mlflow.sklearn

    mlflow.sklearn.autolog()
    return searches() | {"trials": peer_trials()}


def mlflow_all() -> Numbers:
    import mlflow.sklearn

    mlflow.sklearn.autolog(max_tuning_runs=None)
    return searches() | {"trials": peer_trials()}


def peer_trials() -> float:
    import mlflow

    runs = mlflow.search_runs(output_format="list", max_results=1000)
    return sum("mlflow.parentRunId" in each.data.tags for each in runs) / 2


BENCHMARK = Benchmark(
    title="GridSearchCV, 200 candidates × 3 folds, fits of about 5 ms",
    cases={"bare": bare, "ours": ours, "mlflow, defaults": mlflow_defaults, "mlflow, all trials": mlflow_all},
    figures=[
        Figure("n_jobs=1", "s", "≤ 1.03 × bare", lambda it: it.ratio("ours", "bare") <= 1.03),
        Figure("n_jobs=2", "s", "≤ 1.03 × bare", lambda it: it.ratio("ours", "bare") <= 1.03),
        Figure("trials", "recorded a search", "200", lambda it: it.of("ours") == CANDIDATES),
    ],
)

if __name__ == "__main__":
    run(BENCHMARK)
