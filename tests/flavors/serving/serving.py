"""A real server in a thread, and models to put behind it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import requests
import uvicorn
from sklearn.linear_model import LinearRegression

import autolog
from autolog.flavors.serving.app import make_app
from autolog.flavors.serving.guard import Limits
from autolog.flavors.serving.service import Served, Service
from autolog.web.running import configured

JSON = {"Content-Type": "application/json"}
ROWS = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [0.5, 0.0, 1.5]})
ONE = {"dataframe_split": {"columns": ["a", "b"], "data": [[1.0, 0.5]]}}


class Server:
    """What a client sees of it: an address."""

    def __init__(self, service: Service, port: int) -> None:
        self.service = service
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def ask(self, body: Any, **headers: str) -> requests.Response:
        return requests.post(f"{self.url}/invocations", json=body, headers=headers, timeout=30)

    def send(
        self, body: bytes | str, kind: str | None = "application/json", **more: Any
    ) -> requests.Response:
        headers = {} if kind is None else {"Content-Type": kind}
        return requests.post(f"{self.url}/invocations", data=body, headers=headers, timeout=30, **more)

    def get(self, path: str, **headers: str) -> requests.Response:
        return requests.get(f"{self.url}{path}", headers=headers, timeout=30)


@contextmanager
def running(service: Service, limits: Limits | None = None, *, look_every: float = 60.0) -> Iterator[Server]:
    limits = limits or Limits()
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    app = make_app(service, limits, look_every=look_every)
    server = uvicorn.Server(configured(app, seconds=limits.seconds))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        until(lambda: server.started or not thread.is_alive())
        yield Server(service, listener.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


def until(happened: Callable[[], Any], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


def linear(folder: Path, factor: float = 1.0) -> str:
    """A model that answers ``factor`` * (a + 2 b)."""
    model = LinearRegression().fit(ROWS, factor * (ROWS["a"] + 2 * ROWS["b"]))
    autolog.save_model(model, folder, input_example=ROWS)
    return str(folder)


def serving(folder: Path, predict: Callable[..., Any] | None = None) -> Service:
    """A service of `linear`; ``predict(model, data)`` takes the place of the model's own."""
    service = Service(linear(folder))
    if predict is not None:
        predictor = service.current.predictor
        predictor._predict = partial(predict, predictor.model)
    return service


def described(folder: Path, signature: Any, predict: Callable[..., Any]) -> Service:
    """The same with another signature."""
    service = serving(folder, predict)
    service.current.predictor.signature = signature
    return service


__all__ = ["JSON", "ONE", "ROWS", "Served", "Server", "described", "linear", "running", "serving", "until"]
