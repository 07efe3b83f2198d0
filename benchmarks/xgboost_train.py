"""Training XGBoost for 300 rounds on small data: two metrics at each round, and the model."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import perf_counter

from .harness import Benchmark, Figure, Numbers, by_turns, run

ROUNDS = 300


def prepared() -> Callable[[], object]:
    """A training, with its data at hand."""
    import xgboost
    from sklearn.datasets import make_classification

    xs, ys = make_classification(6_000, 20, random_state=0)
    train = xgboost.DMatrix(xs[:4_000], ys[:4_000])
    valid = xgboost.DMatrix(xs[4_000:], ys[4_000:])
    params = {"objective": "binary:logistic", "eval_metric": "logloss", "nthread": 1}
    evals = [(train, "train"), (valid, "valid")]
    return lambda: xgboost.train(params, train, ROUNDS, evals=evals, verbose_eval=False)


def trainings(times: int) -> Numbers:
    """The first training of the process, and the median of those after it. Milliseconds."""
    train, took = prepared(), []
    for _ in range(times):
        begin = perf_counter()
        train()
        took.append((perf_counter() - begin) * 1000)
    return {"first training": took[0], "later trainings": median(took[1:])}


def bare() -> Numbers:
    return trainings(6)


def ours() -> Numbers:
    import autolog

    autolog.enable()
    numbers = trainings(6)
    points = [len(found.history("valid-logloss").value) for found in autolog.search_runs()]
    autolog.disable()
    ratio = by_turns(prepared(), turns=12)
    return numbers | {"points": min(points), "runs": len(points), "ours ÷ bare": ratio}


def mlflow() -> Numbers:
    import mlflow.xgboost

    mlflow.xgboost.autolog()
    return trainings(3)


BENCHMARK = Benchmark(
    title=f"xgboost.train, {ROUNDS} rounds, 4,000 × 20 rows, one thread, model included",
    cases={"bare": bare, "ours": ours, "mlflow (SQLite)": mlflow},
    figures=[
        Figure("first training", "ms"),
        Figure("later trainings", "ms"),
        Figure("ours ÷ bare", "by turns in one process", "≤ 1.05", lambda it: it.at_most("ours", 1.05)),
        Figure("points", "of valid-logloss in each run", f"{ROUNDS}", lambda it: it.of("ours") == ROUNDS),
        Figure("runs", "recorded", "6", lambda it: it.of("ours") == 6),
    ],
)

if __name__ == "__main__":
    run(BENCHMARK)
