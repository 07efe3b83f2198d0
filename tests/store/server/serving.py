"""A real server over a store, in a thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
import uvicorn

from autolog.store.base import Store
from autolog.store.server.app import make_app
from autolog.store.server.guard import Tokens
from autolog.web.guard import Limits
from autolog.web.running import configured, listening

TOKEN, READING = "let-me-write", "let-me-read"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
MLFLOW = "/api/2.0/mlflow"


class Server:
    """What a client sees of it: an address and a token. ``folder``: all files of its store."""

    def __init__(self, store: Store, port: int) -> None:
        self.store = store
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.folder = Path()
        self.session = requests.Session()
        self.session.headers.update(BEARER)

    def ask(self, method: str, path: str, **given: Any) -> requests.Response:
        return self.session.request(method, self.url + path, timeout=30, **given)

    def get(self, path: str, /, **query: Any) -> Any:
        """The answer to a GET of MLflow's."""
        return answered(self.ask("GET", f"{MLFLOW}/{path}", params=query))

    def post(self, path: str, /, **fields: Any) -> Any:
        return answered(self.ask("POST", f"{MLFLOW}/{path}", json=fields))

    def refused(self, method: str, path: str, **given: Any) -> tuple[int, str, str]:
        """Status, code and message of an error."""
        response = self.ask(method, path if path.startswith("/") else f"{MLFLOW}/{path}", **given)
        error = response.json()
        return response.status_code, error["error_code"], error["message"]


def answered(response: requests.Response) -> Any:
    assert response.status_code == 200, response.text
    return response.json()


@contextmanager
def running(store: Store, limits: Limits | None = None) -> Iterator[Server]:
    limits = limits or Limits()
    listener = listening("127.0.0.1", 0)
    app = make_app(store, Tokens((TOKEN,), (READING,)), limits)
    server = uvicorn.Server(configured(app, seconds=limits.seconds))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    client = Server(store, listener.getsockname()[1])
    try:
        until(lambda: server.started or not thread.is_alive())
        yield client
    finally:
        client.session.close()
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()
        listener.close()


def until(happened: Callable[[], Any], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)
