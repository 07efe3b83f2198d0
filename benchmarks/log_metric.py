"""`log_metric` in a tight loop, kept for good when the call returns."""

from __future__ import annotations

import os
from time import perf_counter

from .harness import Benchmark, Figure, Numbers, run

CALLS = 200_000
PEER_CALLS = 300  # at some milliseconds each


def microseconds(begin: float, calls: int) -> Numbers:
    return {"log_metric": (perf_counter() - begin) / calls * 1e6}


def bare() -> Numbers:
    """The floor: an `os.write` of the same bytes to a file opened for appending."""
    line = b'[1,"loss",123456,1732345678123,0.6931471805599453]\n'
    file = os.open("bare.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    begin = perf_counter()
    for _ in range(CALLS):
        os.write(file, line)
    return microseconds(begin, CALLS)


def ours() -> Numbers:
    import autolog

    with autolog.run("loop"):
        autolog.log_metric("loss", 0.6931471805599453, step=100_000)
        begin = perf_counter()
        for step in range(100_000, 100_000 + CALLS):
            autolog.log_metric("loss", 0.6931471805599453, step=step)
        return microseconds(begin, CALLS)


def mlflow() -> Numbers:
    import mlflow

    with mlflow.start_run():
        mlflow.log_metric("loss", 0.6931471805599453, step=100_000)
        begin = perf_counter()
        for step in range(100_000, 100_000 + PEER_CALLS):
            mlflow.log_metric("loss", 0.6931471805599453, step=step)
        return microseconds(begin, PEER_CALLS)


BENCHMARK = Benchmark(
    title="log_metric in a loop, safe from kill -9 on return",
    cases={"bare os.write": bare, "ours": ours, "mlflow (SQLite)": mlflow},
    figures=[
        Figure(
            "log_metric",
            "µs a point",
            "≤ 3 and ≤ 2 × bare",
            lambda it: (it.of("ours") or 9) <= 3 and it.ratio("ours", "bare os.write") <= 2,
        )
    ],
)

if __name__ == "__main__":
    run(BENCHMARK)
