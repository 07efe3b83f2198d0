"""The command: what it refuses to serve, and a server process from its start to its end."""

from __future__ import annotations

import importlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import requests
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import FunctionTransformer

import autolog as package

from .conftest import Command

ROWS = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [0.5, 0.0, 1.5]})
ONE = {"dataframe_records": [{"a": 1.0, "b": 0.5}]}


def halved(frame: Any) -> Any:
    return frame / 2


@pytest.fixture
def model() -> str:
    package.save_model(LinearRegression().fit(ROWS, ROWS["a"] + 2 * ROWS["b"]), "model", input_example=ROWS)
    return "model"


# What is not served


def test_no_model(autolog: Command) -> None:
    result = autolog("serve", "nowhere")
    assert result.code == 1
    assert (
        result.err.startswith("autolog: ") and "nowhere" in result.err and len(result.err.splitlines()) == 1
    )


def test_a_model_with_unknown_code(autolog: Command) -> None:
    package.save_model(FunctionTransformer(halved), "model")
    result = autolog("serve", "model")
    assert result.code == 1
    assert result.err.rstrip().endswith(f"\nHere: --trust {__name__}.halved")


def test_no_such_version(autolog: Command) -> None:
    result = autolog("serve", "models:/sums@champion", "--store", "runs")
    assert result.code == 2 and "sums" in result.err


def test_a_taken_port(autolog: Command, model: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = autolog("serve", model, "--port", str(port))
    assert result.code == 1
    assert result.err == f"autolog: cannot listen on 127.0.0.1 port {port}: Address already in use\n"


def test_a_public_address_needs_a_token(autolog: Command, model: str) -> None:
    result = autolog("serve", model, "--host", "0.0.0.0")
    assert result.code == 2
    assert "0.0.0.0 can be reached from other machines: give a --token-file, or say --no-token" in result.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--token-file", "gone"), "No such file"),
        (("--token-file", "empty"), "there is no token in empty"),
        (("--port", "70000"), "70000"),
        (("--workers", "0"), "0"),
        (("--timeout", "0"), "0"),
        (("--max-size", "0"), "0"),
    ],
)
def test_wrong_options(autolog: Command, model: str, arguments: tuple[str, ...], message: str) -> None:
    Path("empty").touch()
    result = autolog("serve", model, *arguments)
    assert result.code == 2 and message in result.err


# A process of its own

SLOW = """
import time

def slow(frame):
    time.sleep(0.5)
    return frame

def hangs(frame):
    time.sleep(1000)
"""


@dataclass
class Running:
    process: subprocess.Popen[str]
    url: str

    def ask(self, body: Any = ONE, **headers: str) -> requests.Response:
        return requests.post(f"{self.url}/invocations", json=body, headers=headers, timeout=30)

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


@contextmanager
def serving(*arguments: str, **environment: str) -> Iterator[Running]:
    command = [sys.executable, "-c", "import sys; from autolog.cli import main; sys.exit(main())", "serve"]
    process = subprocess.Popen(
        [*command, *arguments, "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
        start_new_session=True,
    )
    try:
        assert process.stderr is not None
        said = process.stderr.readline()
        url = re.search(r"http://[^/]+", said)
        assert url, said + process.stderr.read()
        yield Running(process, url[0].replace("0.0.0.0", "127.0.0.1"))
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_is_the_end_of_the_process_with_success(model: str, number: int) -> None:
    with serving(model) as server:
        assert server.ask().json() == {"predictions": pytest.approx([2.0])}
        assert server.stop(number) == 0


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module with slow code."""
    Path("steps.py").write_text(SLOW)
    monkeypatch.syspath_prepend(".")
    monkeypatch.delitem(sys.modules, "steps", raising=False)
    return importlib.import_module("steps")


@pytest.mark.slow
def test_a_model_that_hangs_does_not_keep_the_process(steps: Any) -> None:
    package.save_model(FunctionTransformer(steps.hangs), "model")
    with serving("model", "--trust", "steps.hangs", "--timeout", "0.5") as server:
        assert server.ask().status_code == 504
        assert server.stop() == 0


@pytest.mark.slow
def test_requests_that_are_under_way_are_answered_before_the_end(steps: Any) -> None:
    package.save_model(FunctionTransformer(steps.slow), "model", input_example=ROWS)
    with serving("model", "--trust", "steps.slow") as server, ThreadPoolExecutor(8) as clients:
        answers = [clients.submit(server.ask) for _ in range(8)]
        _until(
            lambda: "autolog_requests_waiting 8.0" in requests.get(f"{server.url}/metrics", timeout=9).text
        )
        assert server.stop() == 0
        assert [answer.result().status_code for answer in answers] == [200] * 8


@pytest.mark.slow
def test_a_public_address_with_a_token(model: str) -> None:
    Path("token").write_text("sesame\n")
    with serving(model, "--host", "0.0.0.0", "--token-file", "token") as server:
        assert server.ask().status_code == 401
        assert server.ask(Authorization="Bearer sesame", Host="model.example").status_code == 200


@pytest.mark.slow
def test_workers_count_together_and_a_killed_one_is_replaced(model: str) -> None:
    def counted() -> float:
        text = requests.get(f"{server.url}/metrics", timeout=9).text
        found = re.search(r'^autolog_requests_total\{status="200"\} (\S+)', text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    with serving(model, "--workers", "2") as server:
        for _ in range(20):  # a new connection for each: both workers get some
            assert server.ask().status_code == 200
        assert counted() == 20
        workers = _workers(server)
        os.kill(workers[0], signal.SIGKILL)
        _until(lambda: len(_workers(server)) == 2 and set(_workers(server)) != set(workers))
        assert [server.ask().status_code for _ in range(10)] == [200] * 10
        assert counted() == 30
        assert server.stop() == 0


@pytest.mark.slow
def test_a_moved_alias(model: str) -> None:
    def register(factor: float) -> None:
        fitted = LinearRegression().fit(ROWS, factor * (ROWS["a"] + 2 * ROWS["b"]))
        package.save_model(fitted, f"model-{factor}", input_example=ROWS)
        registry.register("sums", Path(f"model-{factor}"))

    from autolog.store.folder import FolderStore

    registry = FolderStore("runs").registry
    for factor in (1.0, 10.0):
        register(factor)
    registry.set_alias("sums", "champion", 1)
    with serving("models:/sums@champion", "--store", "runs") as server:
        assert server.ask().json() == {"predictions": pytest.approx([2.0])}
        registry.set_alias("sums", "champion", 2)
        _until(lambda: server.ask().json() == {"predictions": pytest.approx([20.0])})
        assert server.stop() == 0


def _workers(server: Running) -> list[int]:
    """The processes that were spawned to serve."""
    listed = subprocess.run(
        ["ps", "-A", "-ww", "-o", "ppid=,pid=,args="], capture_output=True, text=True, check=True
    )
    lines = [line.split(None, 2) for line in listed.stdout.splitlines()]
    return [
        int(pid)
        for parent, pid, command in lines
        if parent == str(server.process.pid) and "spawn_main" in command
    ]


def _until(happened: Callable[[], Any], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
