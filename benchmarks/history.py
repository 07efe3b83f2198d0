"""The whole history of one metric."""

from __future__ import annotations

from .harness import Benchmark, Figure, Numbers, run
from .query import milliseconds
from .stores import log_waves

FEW, MANY = 20_000, 1_000_000


def ours() -> Numbers:
    import autolog

    def read(run_id: str, points: int) -> float:
        found = autolog.get_run(run_id)
        assert len(found.history("loss")) == points
        return milliseconds(lambda: found.history("loss"), 10)

    return {"20,000 points": read(log_waves(FEW), FEW), "1,000,000 points": read(log_waves(MANY), MANY)}


def mlflow() -> Numbers:
    from mlflow import MlflowClient
    from mlflow.entities import Metric

    client = MlflowClient()
    run_id = client.create_run("0").info.run_id
    for start in range(0, FEW, 1000):
        client.log_batch(run_id, [Metric("loss", 0.5, start + i, start + i) for i in range(1000)])
    return {"20,000 points": milliseconds(lambda: client.get_metric_history(run_id, "loss"), 5)}


BENCHMARK = Benchmark(
    title="history of a metric",
    cases={"ours": ours, "mlflow (SQLite)": mlflow},
    figures=[
        Figure("20,000 points", "ms"),
        Figure("1,000,000 points", "ms", "≤ 60", lambda it: (it.of("ours") or 999) <= 60),
    ],
    rounds=3,
)

if __name__ == "__main__":
    run(BENCHMARK)
