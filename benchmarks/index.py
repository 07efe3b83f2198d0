"""The index: a million points applied for the first time, then one more run."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

from .harness import Benchmark, Figure, Numbers, run
from .stores import log_waves, write_runs

POINTS = 1_000_000
PEER_POINTS = 20_000


def warm_up() -> None:
    """Import all that reading needs, on another store, so that only the work is timed."""
    import autolog

    write_runs(1, 1, Path("warm"))
    autolog.search_runs(store="warm")


def ours() -> Numbers:
    import autolog

    warm_up()
    log_waves(POINTS)
    begin = perf_counter()
    autolog.search_runs()
    first = perf_counter() - begin
    write_runs(1, 1)
    begin = perf_counter()
    assert len(autolog.search_runs()) == 2
    return {"first time": POINTS / first, "one more run": (perf_counter() - begin) * 1000}


def mlflow() -> Numbers:
    """Its tables are filled while logging, a thousand points a call."""
    from mlflow import MlflowClient
    from mlflow.entities import Metric

    client = MlflowClient()
    run_id = client.create_run("0").info.run_id
    begin = perf_counter()
    for start in range(0, PEER_POINTS, 1000):
        client.log_batch(run_id, [Metric("loss", 0.5, start + i, start + i) for i in range(1000)])
    return {"first time": PEER_POINTS / (perf_counter() - begin)}


BENCHMARK = Benchmark(
    title="index: 1,000,000 points the first time, then one more run",
    cases={"ours": ours, "mlflow log_batch (SQLite)": mlflow},
    figures=[
        Figure("first time", "points/s", "≥ 800,000", lambda it: (it.of("ours") or 0) >= 800_000),
        Figure("one more run", "ms", "≤ 20", lambda it: (it.of("ours") or 99) <= 20),
    ],
)

if __name__ == "__main__":
    run(BENCHMARK)
