"""Training XGBoost for 300 rounds on small data: two metrics at each round, and the model."""

from __future__ import annotations

from statistics import median
from time import perf_counter

from .harness import Benchmark, Figure, Numbers, run

ROUNDS = 300


def trainings(times: int) -> Numbers:
    """The first training of the process, and the median of those after it. Milliseconds."""
    import xgboost
    from sklearn.datasets import make_classification

    xs, ys = make_classification(6_000, 20, random_state=0)
    train = xgboost.DMatrix(xs[:4_000], ys[:4_000])
    valid = xgboost.DMatrix(xs[4_000:], ys[4_000:])
    params = {"objective": "binary:logistic", "eval_metric": "logloss", "nthread": 1}
    took = []
    for _ in range(times):
        begin = perf_counter()
        xgboost.train(
            params, train, ROUNDS, evals=[(train, "train"), (valid, "valid")], verbose_eval=False
        )  # fmt: skip
        took.append((perf_counter() - begin) * 1000)
    return {"first training": took[0], "later trainings": median(took[1:])}


def bare() -> Numbers:
    return trainings(6)


def ours() -> Numbers:
    import autolog

    autolog.enable()
    numbers = trainings(6)
    points = [len(found.history("valid-logloss").value) for found in autolog.search_runs()]
    return numbers | {"points": min(points), "runs": len(points)}


def mlflow() -> Numbers:
    import mlflow.xgboost

    mlflow.xgboost.autolog()
    return trainings(3)


BENCHMARK = Benchmark(
    title=f"xgboost.train, {ROUNDS} rounds, 4,000 × 20 rows, one thread, model included",
    cases={"bare": bare, "ours": ours, "mlflow (SQLite)": mlflow},
    figures=[
        Figure("first training", "ms"),
        Figure("later trainings", "ms", "≤ 1.05 × bare", lambda it: it.ratio("ours", "bare") <= 1.05),
        Figure("points", "of valid-logloss in each run", f"{ROUNDS}", lambda it: it.of("ours") == ROUNDS),
        Figure("runs", "recorded", "6", lambda it: it.of("ours") == 6),
    ],
)

if __name__ == "__main__":
    run(BENCHMARK)
