"""`runs/log-batch` with 1,000 points, one after the other on one connection."""

from __future__ import annotations

import http.client
import json
import os
from contextlib import AbstractContextManager
from time import perf_counter
from urllib.parse import urlsplit

from . import servers
from .harness import Benchmark, Figure, Numbers, run

POINTS, BATCH = 200_000, 1_000
API = "/api/2.0/mlflow/"


class Connection:
    """One kept connection to a server."""

    def __init__(self, address: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(address).netloc)
        token = os.environ.get("AUTOLOG_TOKEN", "")
        self._headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}

    def ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        self._connection.request(method, API + path, body, self._headers)
        answer = self._connection.getresponse()
        text = answer.read()
        assert answer.status == 200, text
        return text

    def new_run(self) -> str:
        asked = {"experiment_id": "0", "start_time": 1_732_345_678_000, "run_name": "r"}
        return str(
            json.loads(self.ask("POST", "runs/create", json.dumps(asked).encode()))["run"]["info"]["run_id"]
        )


def batches(id: str, points: int) -> list[bytes]:
    """Bodies of requests, ready to be sent."""
    return [
        json.dumps(
            {
                "run_id": id,
                "metrics": [
                    {
                        "key": "loss",
                        "value": 1 / (step + 1),
                        "timestamp": 1_732_345_678_000 + step,
                        "step": step,
                    }
                    for step in range(start, start + BATCH)
                ],
            }
        ).encode()
        for start in range(0, points, BATCH)
    ]


def sent(server: AbstractContextManager[str], points: int = POINTS) -> Numbers:
    with server as address:
        connection = Connection(address)
        id = connection.new_run()
        bodies = batches(id, points)
        connection.ask("POST", "runs/log-batch", bodies[0])
        begin = perf_counter()
        for body in bodies[1:]:
            connection.ask("POST", "runs/log-batch", body)
        took = perf_counter() - begin
        begin = perf_counter()
        run = json.loads(connection.ask("GET", f"runs/get?run_id={id}"))["run"]
        assert run["data"]["metrics"][0]["step"] == points - 1
        return {"points": (points - BATCH) / took, "read back": perf_counter() - begin}


def folder() -> Numbers:
    return sent(servers.ours("./autoruns"))


def sqlite() -> Numbers:
    return sent(servers.ours())


def postgresql() -> Numbers:
    with servers.postgres() as database:
        return sent(servers.ours(database))


def mlflow() -> Numbers:
    return sent(servers.mlflow(), POINTS // 10)


BENCHMARK = Benchmark(
    title="log-batch of 1,000 points over HTTP, one connection",
    cases={
        "ours, SQLite": sqlite,
        "ours, PostgreSQL": postgresql,
        "ours, folder": folder,
        "mlflow (SQLite)": mlflow,
    },
    figures=[
        Figure(
            "points", "a second", "≥ 300,000; PostgreSQL ≥ 150,000",
            lambda it: (it.of("ours, SQLite") or 0) >= 3e5 and (it.of("ours, PostgreSQL") or 0) >= 1.5e5,
        ),
        Figure("read back", "s"),
    ],
    rounds=3,
)  # fmt: skip

if __name__ == "__main__":
    run(BENCHMARK)
