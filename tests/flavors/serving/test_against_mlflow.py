"""The same requests to a real `mlflow models serve` and to ours: equal predictions, a better status."""

from __future__ import annotations

import io
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import requests
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

import autolog
from autolog.flavors.serving.service import Service
from tests.flavors.serving.serving import ROWS, running, until

pytest.importorskip("mlflow")
pytestmark = pytest.mark.slow

TABLE = ROWS.assign(color=["red", "blue", "red"], count=[1, 2, 3])


@dataclass(frozen=True)
class Both:
    mlflows: str
    ours: str

    def send(self, body: bytes | str, kind: str | None) -> tuple[requests.Response, requests.Response]:
        headers = {} if kind is None else {"Content-Type": kind}
        theirs, ours = (
            requests.post(f"{url}/invocations", data=body, headers=headers, timeout=60)
            for url in (self.mlflows, self.ours)
        )
        return theirs, ours


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("both") / "model"
    columns = make_column_transformer((OneHotEncoder(), ["color"]), remainder="passthrough")
    model = make_pipeline(columns, LinearRegression()).fit(TABLE, [1.0, 2.0, 4.0])
    autolog.save_model(model, folder, input_example=TABLE)
    with mlflow_serving(folder) as theirs, running(Service(str(folder))) as ours:
        yield Both(theirs, ours.url)


@contextmanager
def mlflow_serving(folder: Path) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(folder), "-p", str(port)]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # it starts `uvicorn` by its name
    with (folder.parent / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--env-manager", "local"],
            stdout=log,
            stderr=log,
            env={**os.environ, "PATH": path},
            start_new_session=True,
        )
        try:
            until(lambda: process.poll() is not None or _answers(url), 90)
            assert process.poll() is None, (folder.parent / "log").read_text()
            yield url
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/ping", timeout=5).ok
    except requests.ConnectionError:
        return False


def parquet() -> bytes:
    file = io.BytesIO()
    TABLE.to_parquet(file)
    return file.getvalue()


def text(form: str, orient: Any, table: pd.DataFrame = TABLE) -> str:
    return f'{{"{form}": {table.to_json(orient=orient)}}}'


JSON = "application/json"
RIGHT: dict[str, tuple[bytes | str, str]] = {
    "split": (text("dataframe_split", "split"), JSON),
    "records": (text("dataframe_records", "records"), JSON),
    "records in another order": (
        text("dataframe_records", "records", TABLE.iloc[:, ::-1]),
        JSON,
    ),
    "instances": (text("instances", "records"), JSON),
    "inputs": (text("inputs", "records"), JSON),
    "inputs by column": ('{"inputs": {"a": [1.0], "b": [2.5], "color": ["red"], "count": [3]}}', JSON),
    "more columns": ('{"dataframe_records": [{"a": 1.0, "b": 1, "color": "red", "count": 3, "z": 1}]}', JSON),
    "integers for doubles": ('{"dataframe_records": [{"a": 1, "b": 2, "color": "red", "count": 3}]}', JSON),
    "a charset": (text("dataframe_split", "split"), "application/json; charset=utf-8"),
    "csv": (TABLE.to_csv(index=False), "text/csv"),
    "parquet": (parquet(), "application/vnd.apache.parquet"),
}

WRONG: dict[str, tuple[str, str | None, int, int]] = {
    "no json": ("{", JSON, 400, 400),
    "no form": ("{}", JSON, 400, 400),
    "two forms": ('{"inputs": [], "instances": []}', JSON, 400, 400),
    "a list": ("[]", JSON, 400, 400),
    "a missing column": ('{"dataframe_records": [{"a": 1.0, "b": 1.0}]}', JSON, 400, 400),
    "text for a number": (
        '{"dataframe_records": [{"a": "x", "b": 1, "color": "red", "count": 1}]}',
        JSON,
        400,
        400,
    ),
    "another content type": ("{}", "text/plain", 415, 415),
    "another charset": ("{}", "application/json; charset=latin-1", 415, 415),
    "no content type": ("{}", None, 500, 415),  # what MLflow's server fails on is the client's mistake
    "csv of nothing": ("", "text/csv", 400, 400),
    "parquet of nothing": ("x", "application/vnd.apache.parquet", 400, 400),
    # both servers fail: what the model raises on a color it has not seen is not the client's to know
    "an error of the model": (
        '{"dataframe_records": [{"a": 1.0, "b": 1, "color": "?", "count": 1}]}',
        JSON,
        400,
        500,
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_the_same_predictions(both: Both, name: str) -> None:
    theirs, ours = both.send(*RIGHT[name])
    assert (theirs.status_code, ours.status_code) == (200, 200), (theirs.text, ours.text)
    assert ours.json() == {"predictions": pytest.approx(theirs.json()["predictions"])}
    assert ours.headers["content-type"] == theirs.headers["content-type"]


@pytest.mark.parametrize("name", WRONG)
def test_the_status_of_a_mistake(both: Both, name: str) -> None:
    body, kind, theirs, ours = WRONG[name]
    found = both.send(body, kind)
    assert [response.status_code for response in found] == [theirs, ours], [
        response.text for response in found
    ]
    assert set(found[1].json()) == {"error_code", "message"}


@pytest.mark.parametrize("path", ["/ping", "/health"])
def test_health(both: Both, path: str) -> None:
    theirs, ours = (requests.get(f"{url}{path}", timeout=30) for url in (both.mlflows, both.ours))
    assert (ours.status_code, ours.text) == (theirs.status_code, theirs.text)
