"""Loading a small scikit-learn pipeline in a fresh process, beyond importing scikit-learn."""

from __future__ import annotations

import subprocess
import sys
from statistics import median

from .harness import Benchmark, Figure, Numbers, run
from .model_save import pipeline

STARTS = 15
SKLEARN = """
from time import perf_counter
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
begin = perf_counter()
"""
SHOWN = "\nprint((perf_counter() - begin) * 1000)\n"


def loads(code: str, times: int = STARTS) -> Numbers:
    """The median of fresh processes, importing what loads included. Milliseconds."""
    return {"load": median(one_load(code) for _ in range(times))}


def one_load(code: str) -> float:
    command = [sys.executable, "-c", SKLEARN + code + SHOWN]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(result.stdout.splitlines()[-1])


def ours() -> Numbers:
    import autolog

    model, X = pipeline()
    autolog.save_model(model, "model", input_example=X)
    return loads("import autolog; autolog.load_model('model')")


def mlflow() -> Numbers:
    from mlflow.models import infer_signature
    from mlflow.sklearn import save_model

    model, X = pipeline()
    save_model(model, "model", signature=infer_signature(X, model.predict(X)), pip_requirements=[])
    return loads("import mlflow.sklearn; mlflow.sklearn.load_model('model')", times=3)


BENCHMARK = Benchmark(
    title="load a small scikit-learn pipeline in a fresh process, beyond importing scikit-learn",
    cases={"ours": ours, "mlflow": mlflow},
    figures=[Figure("load", "ms", "≤ 30", lambda it: (it.of("ours") or 99) <= 30)],
)

if __name__ == "__main__":
    run(BENCHMARK)
