"""Bytes on disk for each metric point."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

from .harness import Benchmark, Figure, Numbers, run
from .stores import STORE, log_waves

POINTS = 1_000_000
PEER_POINTS = 20_000


def size(files: Iterable[Path]) -> int:
    return sum(file.stat().st_size for file in files if file.is_file())


def ours() -> Numbers:
    import autolog

    run_id = log_waves(POINTS)
    assert len(autolog.get_run(run_id).history("loss")) == POINTS
    log = size(STORE.glob("bench/*/events-*.jsonl"))
    index = size((STORE / ".autolog").glob("index*"))
    return {"log": log / POINTS, "index": index / POINTS}


def mlflow() -> Numbers:
    from mlflow import MlflowClient
    from mlflow.entities import Metric

    client = MlflowClient()
    run_id = client.create_run("0").info.run_id
    before = size([Path("mlflow.db")])
    for start in range(0, PEER_POINTS, 1000):
        steps = range(start, start + 1000)
        client.log_batch(run_id, [Metric("loss", math.sin(step / 1000), step, step) for step in steps])
    return {"index": (size([Path("mlflow.db")]) - before) / PEER_POINTS}


BENCHMARK = Benchmark(
    title="disk",
    cases={"ours": ours, "mlflow (SQLite)": mlflow},
    figures=[
        Figure("log", "bytes a point", "≤ 60", lambda it: (it.of("ours") or 99) <= 60),
        Figure("index", "bytes a point", "≤ 24", lambda it: (it.of("ours") or 99) <= 24),
    ],
    rounds=1,
)

if __name__ == "__main__":
    run(BENCHMARK)
