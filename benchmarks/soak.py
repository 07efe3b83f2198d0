"""100 clients at once for a minute, then a server killed and started again: how slow, and what is lost?"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
from collections.abc import Sequence
from statistics import quantiles
from time import perf_counter

from . import servers
from .harness import Benchmark, Figure, Numbers, run
from .log_batch import API, Connection

CLIENTS, SECONDS, AFTER = 100, 60.0, 5.0
POINTS = 10
PAUSE = 0.1
"""Seconds between a client's requests, as between the steps of a training."""


class Client:
    """Logs points to a run of its own, and remembers which ones the server has acknowledged."""

    def __init__(self, port: int, id: str) -> None:
        self.port = port
        self.id = id
        self.acknowledged: list[int] = []
        self.took: list[float] = []
        self._next = 0

    async def work(self, seconds: float) -> None:
        """Until the time is over, on connections that may break."""
        end = perf_counter() + seconds
        while perf_counter() < end:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                while perf_counter() < end:
                    await self._log(reader, writer)
                    await asyncio.sleep(PAUSE)
                writer.close()
            except (OSError, EOFError):
                await asyncio.sleep(0.05)

    async def _log(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        steps = range(self._next, self._next + POINTS)
        self._next += POINTS  # what was not acknowledged is not sent again: it may be there
        begin = perf_counter()
        writer.write(_request(self.id, steps))
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
        assert head.startswith(b"http/1.1 200"), head
        self.took.append(perf_counter() - begin)
        self.acknowledged.extend(steps)


def _request(id: str, steps: Sequence[int]) -> bytes:
    points = [
        {"key": "loss", "value": step / 2, "timestamp": 1_732_345_678_000, "step": step} for step in steps
    ]
    body = json.dumps({"run_id": id, "metrics": points}).encode()
    return (
        f"POST {API}runs/log-batch HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {servers.TOKEN}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


class Instance:
    """A server on a port of its own, which can be killed and started again."""

    def __init__(self, store: str, *more: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._command = [*servers.COMMAND, "server", "--store", store, "--port", str(self.port), *more]
        self.start()

    def start(self) -> None:
        self._process: subprocess.Popen[bytes] = servers.started(self._command, AUTOLOG_TOKEN=servers.TOKEN)
        servers.until_it_answers(self._process, f"http://127.0.0.1:{self.port}/health")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


def soaked(instances: Sequence[Instance]) -> Numbers:
    os.environ["AUTOLOG_TOKEN"] = servers.TOKEN
    connection = Connection(f"http://127.0.0.1:{instances[0].port}")
    clients = [Client(instances[i % len(instances)].port, connection.new_run()) for i in range(CLIENTS)]
    try:
        asyncio.run(_all(clients, SECONDS))
        took = [seconds for client in clients for seconds in client.took]
        asyncio.run(_killed_in_the_middle(clients, instances[-1]))
        lost = sum(map(_lost, clients, [Connection(f"http://127.0.0.1:{instances[-1].port}")] * CLIENTS))
    finally:
        for instance in instances:
            instance.kill()
    parts = quantiles(took, n=100)
    return {
        "requests": len(took) / SECONDS,
        "p50": parts[49] * 1000,
        "p99": parts[98] * 1000,
        "acknowledged": sum(len(client.acknowledged) for client in clients),
        "lost": lost,
    }


async def _all(clients: Sequence[Client], seconds: float) -> None:
    await asyncio.gather(*(client.work(seconds) for client in clients))


async def _killed_in_the_middle(clients: Sequence[Client], instance: Instance) -> None:
    working = asyncio.create_task(_all(clients, AFTER))
    await asyncio.sleep(AFTER / 3)
    instance.kill()
    await asyncio.to_thread(instance.start)
    await working


def _lost(client: Client, connection: Connection) -> int:
    steps: set[int] = set()
    token = ""
    while True:
        asked = f"metrics/get-history?run_id={client.id}&metric_key=loss&max_results=20000{token}"
        answer = json.loads(connection.ask("GET", asked))
        steps.update(point.get("step", 0) for point in answer.get("metrics", []))
        if not answer.get("next_page_token"):
            return len(set(client.acknowledged) - steps)
        token = f"&page_token={answer['next_page_token']}"


def sqlite() -> Numbers:
    return soaked([Instance("sqlite:///autolog.db")])


def postgresql() -> Numbers:
    with servers.postgres() as database:
        artifacts = ("--artifacts", "artifacts")
        return soaked([Instance(database, *artifacts), Instance(database, *artifacts)])


_CASES = {"ours, SQLite": sqlite, "ours, 2 × on PostgreSQL": postgresql}

BENCHMARK = Benchmark(
    title="100 clients for 60 s, 10 points a request; then a server killed and started again",
    cases=_CASES,
    figures=[
        Figure("requests", "a second"),
        Figure("p50", "ms"),
        Figure("p99", "ms", "≤ 250", lambda it: all(it.at_most(case, 250) for case in _CASES)),
        Figure("acknowledged", "points"),
        Figure("lost", "points", "0", lambda it: all(it.at_most(case, 0) for case in _CASES)),
    ],
    rounds=1,
)

if __name__ == "__main__":
    run(BENCHMARK)
