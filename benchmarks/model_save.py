"""Saving a small scikit-learn pipeline with its signature, an example and its requirements."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

from .harness import Benchmark, Figure, Numbers, run


def pipeline() -> tuple[Any, Any]:
    """A fitted one, and the data that it was fitted with."""
    from sklearn.datasets import make_classification
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    X, y = make_classification(10_000, 20, random_state=0)
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y), X


def saves(times: int, save: Callable[[str], object]) -> Numbers:
    """The first save of the process, and the median of those after it. Milliseconds."""
    took = []
    for number in range(times):
        begin = perf_counter()
        save(f"model {number}")
        took.append((perf_counter() - begin) * 1000)
    return {"first save": took[0], "later saves": median(took[1:])}


def ours() -> Numbers:
    import autolog

    model, X = pipeline()
    return saves(30, lambda path: autolog.save_model(model, path, input_example=X))


def mlflow() -> Numbers:
    from mlflow.models import infer_signature
    from mlflow.sklearn import save_model

    model, X = pipeline()

    def save(path: str) -> None:
        save_model(model, path, signature=infer_signature(X, model.predict(X)), input_example=X[:5])

    return saves(4, save)


BENCHMARK = Benchmark(
    title="save a small scikit-learn pipeline with signature, example and requirements",
    cases={"ours": ours, "mlflow": mlflow},
    figures=[
        Figure("first save", "ms"),
        Figure("later saves", "ms", "≤ 15", lambda it: (it.of("ours") or 99) <= 15),
    ],
)

if __name__ == "__main__":
    run(BENCHMARK)
