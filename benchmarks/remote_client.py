"""The official MLflow client against our server and MLflow's: `log_metric`, one call after the other."""

from __future__ import annotations

import subprocess
import sys
from contextlib import AbstractContextManager
from time import perf_counter

from . import servers
from .harness import Benchmark, Figure, Numbers, run

CALLS, EACH, PROCESSES = 300, 100, 8

_WORKER = """
import sys
from mlflow import MlflowClient
client, id = MlflowClient(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
for step in range(int(sys.argv[3])):
    client.log_metric(id, sys.argv[4], float(step), step=step)
"""


def logged(server: AbstractContextManager[str]) -> Numbers:
    from mlflow import MlflowClient

    with server as address:
        client = MlflowClient(address)
        id = client.create_run("0").info.run_id
        client.log_metric(id, "first", 0.0)
        begin = perf_counter()
        for step in range(CALLS):
            client.log_metric(id, "loss", float(step), step=step)
        alone = CALLS / (perf_counter() - begin)
        return {"one thread": alone, **together(client, address)}


def together(client: object, address: str) -> Numbers:
    """Eight processes at once, each with a run of its own; what is there afterwards is counted."""
    from mlflow import MlflowClient

    assert isinstance(client, MlflowClient)
    ids = [client.create_run("0").info.run_id for _ in range(PROCESSES)]
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", _WORKER, address, id, str(EACH), "loss"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for id in ids
    ]
    for worker in workers:
        assert worker.stdout is not None and worker.stdout.readline() == b"ready\n"
    begin = perf_counter()
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write(b"\n")
        worker.stdin.close()
    failed = sum(worker.wait() != 0 for worker in workers)
    took = perf_counter() - begin
    there = sum(len(client.get_metric_history(id, "loss")) for id in ids)
    return {"8 processes": PROCESSES * EACH / took, "failed": failed, "lost": PROCESSES * EACH - there}


def mlflow_to_ours() -> Numbers:
    return logged(servers.ours())


def mlflow_to_mlflow() -> Numbers:
    return logged(servers.mlflow())


def mlflow_to_mlflow_4() -> Numbers:
    return logged(servers.mlflow(4))


_OURS, _PEER = "our server, mlflow's client", "mlflow's client and server, 1 worker"
_PEER_4 = "mlflow's client and server, 4 workers"

BENCHMARK = Benchmark(
    title="the official MLflow client: log_metric over HTTP, SQLite",
    cases={_OURS: mlflow_to_ours, _PEER: mlflow_to_mlflow, _PEER_4: mlflow_to_mlflow_4},
    figures=[
        Figure("one thread", "calls a second", "≥ 3 × MLflow", lambda it: it.ratio(_OURS, _PEER) >= 3),
        Figure("8 processes", "calls a second", "≥ 3 × MLflow", lambda it: it.ratio(_OURS, _PEER) >= 3),
        Figure("failed", "processes", "0", lambda it: it.of(_OURS) == 0),
        Figure("lost", "points", "0", lambda it: it.of(_OURS) == 0),
    ],
    rounds=3,
    peer_rounds=3,
)  # fmt: skip

if __name__ == "__main__":
    run(BENCHMARK)
