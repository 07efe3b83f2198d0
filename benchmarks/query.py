"""Filter and sort many runs with 10 params and 10 metrics each, and take the first 100."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

from .harness import Benchmark, Figure, Numbers, run
from .stores import metric, param, write_runs

FILTER = "metrics.m3 > 0.5 and params.p2 = '7'"


def milliseconds(query: Callable[[], Any], times: int) -> float:
    """The median time of a query, the first one aside."""
    query()
    took = []
    for _ in range(times):
        begin = perf_counter()
        query()
        took.append((perf_counter() - begin) * 1000)
    return median(took)


def ours() -> Numbers:
    """10,000 runs of 10,000 folders; then 90,000 more, a hundred to a folder."""
    import autolog

    def query() -> None:
        found = autolog.search_runs(FILTER, order_by="metrics.m0 desc", limit=100)
        assert len(found) == 100
        assert found[0].params["p2"] == 7

    write_runs(10_000, 1)
    few = milliseconds(query, 20)
    write_runs(90_000, 100)
    return {"10,000 runs": few, "100,000 runs": milliseconds(query, 10)}


def mlflow() -> Numbers:
    """The same runs, put into its tables directly: its own calls would take minutes."""
    import mlflow

    mlflow.search_runs(output_format="list")
    fill_peer(10_000)
    search: dict[str, Any] = {"order_by": ["metrics.m0 DESC"], "max_results": 100, "output_format": "list"}
    return {"10,000 runs": milliseconds(lambda: mlflow.search_runs(filter_string=FILTER, **search), 5)}


def fill_peer(runs: int) -> None:
    database = sqlite3.connect("mlflow.db")
    add = database.executemany
    ids = [f"{number:032x}" for number in range(runs)]
    add(
        "insert into runs (run_uuid, name, experiment_id, status, lifecycle_stage, start_time, end_time,"
        " artifact_uri, user_id, source_type)"
        " values (?, ?, 0, 'FINISHED', 'active', ?, ?, '', 'me', 'LOCAL')",
        [(name, f"run {number}", number, number + 1) for number, name in enumerate(ids)],
    )
    every = [(name, number, key) for number, name in enumerate(ids) for key in range(10)]
    add(
        "insert into params (run_uuid, key, value) values (?, ?, ?)",
        [(name, f"p{key}", str(param(number, key))) for name, number, key in every],
    )
    values = [(name, f"m{key}", metric(number, key), number) for name, number, key in every]
    for table in ("metrics", "latest_metrics"):
        columns = "run_uuid, key, value, timestamp, step, is_nan"
        add(f"insert into {table} ({columns}) values (?, ?, ?, ?, 0, false)", values)
    database.commit()
    database.close()


BENCHMARK = Benchmark(
    title="query: filter and sort runs × 10 params × 10 metrics, first 100",
    cases={"ours": ours, "mlflow (SQLite)": mlflow},
    figures=[
        Figure("10,000 runs", "ms", "≤ 30", lambda it: (it.of("ours") or 999) <= 30),
        Figure("100,000 runs", "ms", "≤ 200", lambda it: (it.of("ours") or 999) <= 200),
    ],
    rounds=1,
)

if __name__ == "__main__":
    run(BENCHMARK)
