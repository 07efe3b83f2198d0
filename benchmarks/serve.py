"""A small model over HTTP: one row a request, one worker, 32 connections."""

from __future__ import annotations

import asyncio
from statistics import quantiles
from time import perf_counter
from typing import Any

from .harness import Benchmark, Figure, Numbers, run
from .servers import COMMAND, running

CONNECTIONS = 32
WARM_UP, SECONDS = 2.0, 8.0
COLUMNS = [f"x{number}" for number in range(20)]
BODY = b'{"dataframe_split": {"columns": [%s], "data": [[%s]]}}' % (
    ",".join(f'"{name}"' for name in COLUMNS).encode(),
    ",".join("0.5" for _ in COLUMNS).encode(),
)
REQUEST = (
    b"POST /invocations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
)


def regression() -> tuple[Any, Any]:
    """A fitted one, and the table that it was fitted with."""
    import numpy as np
    import pandas as pd
    from sklearn.linear_model import LinearRegression

    table = pd.DataFrame(np.random.default_rng(0).random((1000, len(COLUMNS))), columns=COLUMNS)
    return LinearRegression().fit(table, table.sum(axis=1)), table


def ours() -> Numbers:
    import autolog

    model, table = regression()
    autolog.save_model(model, "model", input_example=table)
    return asked(*COMMAND, "serve", "model")


def mlflow() -> Numbers:
    from mlflow.models import infer_signature
    from mlflow.sklearn import save_model

    model, table = regression()
    signature = infer_signature(table, model.predict(table))
    save_model(model, "model", signature=signature, pip_requirements=[])
    return asked("-m", "mlflow", "models", "serve", "-m", "model", "--env-manager", "local", "-w", "1")


def asked(*server: str) -> Numbers:
    """What a server answers: requests a second, and milliseconds until the answer."""
    with running(server, "/ping") as port:
        asyncio.run(ask(port, WARM_UP))
        took = asyncio.run(ask(port, SECONDS))
    parts = quantiles(took, n=100)
    median, slow = parts[49] * 1000, parts[98] * 1000
    return {"requests": len(took) / SECONDS, "p50": median, "p99": slow, "p99 / p50": slow / median}


async def ask(port: int, seconds: float) -> list[float]:
    """Seconds until each answer; every connection asks again as soon as it has one."""
    took: list[float] = []
    end = perf_counter() + seconds
    await asyncio.gather(*(one_connection(port, end, took) for _ in range(CONNECTIONS)))
    return took


async def one_connection(port: int, end: float, took: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while (begin := perf_counter()) < end:
        writer.write(REQUEST)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        assert head.startswith(b"http/1.1 200"), head
        await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
        took.append(perf_counter() - begin)
    writer.close()


BENCHMARK = Benchmark(
    title="serve a small model: 1 row a request, 1 worker, 32 connections",
    cases={"ours": ours, "mlflow": mlflow},
    figures=[
        Figure(
            "requests", "a second", "≥ 5 × MLflow",
            lambda it: it.of("mlflow") is not None and it.ratio("ours", "mlflow") >= 5,
        ),
        Figure("p50", "ms"),
        Figure("p99", "ms"),
        Figure("p99 / p50", "times", "≤ 4", lambda it: (it.of("ours") or 99) <= 4),
    ],
    rounds=3,
    peer_rounds=3,
)  # fmt: skip

if __name__ == "__main__":
    run(BENCHMARK)
