"""From the command to the first answer, and the memory of a server that has nothing to do."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter, sleep

from . import servers
from .harness import Benchmark, Figure, Numbers, run


def started(command: Sequence[str]) -> Numbers:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    begin = perf_counter()
    process = servers.started([*command, "--port", str(port)])
    try:
        while not answers(port):
            sleep(0.005)
        took = perf_counter() - begin
        sleep(1)
        return {"first answer": took, "memory": memory(process.pid)}
    finally:
        process.terminate()
        process.wait(30)


def answers(port: int) -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False


def memory(pid: int) -> float:
    """Megabytes of a process and its children: what they hold alone, and their share of the rest."""
    pids = [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
    shares = [line for each in pids for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in shares if line.startswith("Pss:")) / 1024


def sqlite() -> Numbers:
    return started([*servers.COMMAND, "server", "--store", "sqlite:///autolog.db"])


def folder() -> Numbers:
    return started([*servers.COMMAND, "server", "--store", "autoruns"])


def mlflow() -> Numbers:
    return started([*servers.MLFLOW, "--workers", "1"])


BENCHMARK = Benchmark(
    title="start a server",
    cases={"ours, SQLite": sqlite, "ours, folder": folder, "mlflow (SQLite)": mlflow},
    figures=[
        Figure("first answer", "s", "≤ 1", lambda it: it.at_most("ours, SQLite", 1)),
        Figure("memory", "MB", "≤ 100", lambda it: it.at_most("ours, SQLite", 100)),
    ],
    rounds=3,
)

if __name__ == "__main__":
    run(BENCHMARK)
