"""One small fit: LogisticRegression on 10,000 × 20, everything recorded, model included."""

from __future__ import annotations

import subprocess
from pathlib import Path
from statistics import median
from time import perf_counter

from .harness import Benchmark, Figure, Numbers, run


def in_a_repository() -> None:
    """A git repository with one commit and one changed file, so that there is a diff to record."""
    Path("train.py").write_text("print('first')\n")
    for command in ("init -q", "add .", "-c user.name=a -c user.email=a@b commit -q -m first"):
        subprocess.run(["git", *command.split()], check=True)
    Path("train.py").write_text("print('second')\n")


def fits(times: int) -> Numbers:
    """The first fit of the process, and the median of those after it. Milliseconds."""
    from sklearn.datasets import make_classification
    from sklearn.linear_model import LogisticRegression

    X, y = make_classification(10_000, 20, random_state=0)
    took = []
    for _ in range(times):
        model = LogisticRegression()
        begin = perf_counter()
        model.fit(X, y)
        took.append((perf_counter() - begin) * 1000)
    return {"first fit": took[0], "later fits": median(took[1:])}


def bare() -> Numbers:
    in_a_repository()
    return fits(30)


def ours() -> Numbers:
    in_a_repository()
    import autolog

    autolog.enable()
    return fits(30)


def mlflow() -> Numbers:
    in_a_repository()
    import mlflow.sklearn

    mlflow.sklearn.autolog()
    return fits(4)


BENCHMARK = Benchmark(
    title="one small fit (LogisticRegression, 10,000 × 20), all defaults, model included",
    cases={"bare": bare, "ours": ours, "mlflow (SQLite)": mlflow},
    figures=[
        Figure("first fit", "ms", "≤ 120 over bare", lambda it: it.over("ours", "bare") <= 120),
        Figure("later fits", "ms", "≤ 15 over bare", lambda it: it.over("ours", "bare") <= 15),
    ],
)

if __name__ == "__main__":
    run(BENCHMARK)
