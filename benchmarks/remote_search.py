"""`runs/search` over many runs with a filter and an order, the first 100, as a client gets them."""

from __future__ import annotations

import json

from . import servers
from .harness import Benchmark, Figure, Numbers, run
from .log_batch import Connection
from .query import FILTER, fill_peer, milliseconds
from .stores import write_runs


def asked(address: str, experiment: str) -> Numbers:
    connection = Connection(address)
    body = json.dumps(
        {
            "experiment_ids": [experiment],
            "filter": FILTER,
            "order_by": ["metrics.m0 DESC"],
            "max_results": 100,
        }
    ).encode()

    def query() -> None:
        assert len(json.loads(connection.ask("POST", "runs/search", body))["runs"]) == 100

    return {"ms": milliseconds(query, 10)}


def experiment_of_runs(address: str) -> str:
    body = json.dumps({"max_results": 10, "order_by": ["name"]}).encode()
    found = json.loads(Connection(address).ask("POST", "experiments/search", body))["experiments"]
    return str(next(each["experiment_id"] for each in found if each["name"] != "Default"))


def ours() -> Numbers:
    """The folder that trainings write into, served."""
    write_runs(10_000, 1)
    with servers.ours("./autoruns") as address:
        few = asked(address, experiment_of_runs(address))
    write_runs(90_000, 100)
    with servers.ours("./autoruns") as address:
        many = asked(address, experiment_of_runs(address))
    return {"10,000 runs": few["ms"], "100,000 runs": many["ms"]}


def mlflow() -> Numbers:
    with servers.mlflow() as address:
        fill_peer(10_000)
        return {"10,000 runs": asked(address, "0")["ms"]}


BENCHMARK = Benchmark(
    title="runs/search over HTTP: filter and order, runs × 10 params × 10 metrics, first 100",
    cases={"ours": ours, "mlflow (SQLite)": mlflow},
    figures=[
        Figure("10,000 runs", "ms", "≤ 50", lambda it: (it.of("ours") or 999) <= 50),
        Figure("100,000 runs", "ms", "≤ 300", lambda it: (it.of("ours") or 999) <= 300),
    ],
    rounds=1,
)

if __name__ == "__main__":
    run(BENCHMARK)
