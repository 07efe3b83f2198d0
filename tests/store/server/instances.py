"""Server processes on one PostgreSQL database, with files in one bucket; and clients of several of them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import requests

from tests.store.server.serving import BEARER, MLFLOW, TOKEN

COMMAND = [sys.executable, "-c", "import sys; from autolog.cli import main; sys.exit(main())", "server"]


class Instance:
    """A process and its address."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.url = url


class Place:
    """Where instances keep what they know."""

    def __init__(self, database: str, s3: str, folder: Path) -> None:
        self.database = database.partition("@/")[2].partition("?")[0]
        bucket = f"instances-{os.getpid()}"
        requests.put(f"{s3}/{bucket}", timeout=30).raise_for_status()
        self._options = ["--store", database, "--artifacts", f"s3://{bucket}/runs", "--port", "0"]
        self._environment = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": s3,
            "AUTOLOG_TOKEN": TOKEN,
        }
        self._folder = folder
        self._numbers = count()

    @contextmanager
    def instance(self) -> Iterator[Instance]:
        """Each has a home of its own, so that they share nothing else."""
        home = self._folder / f"home{next(self._numbers)}"
        home.mkdir()
        own = {"HOME": str(home), "XDG_CACHE_HOME": str(home), "XDG_STATE_HOME": str(home)}
        with open(home / "log", "wb") as log:
            process = subprocess.Popen(
                [*COMMAND, *self._options],
                cwd=home,
                env={**self._environment, **own},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("url="), (home / "log").read_text()
            yield Instance(process, line.split()[0].partition("=")[2])
        finally:
            process.kill()
            process.communicate(timeout=30)


class Client:
    """Asks one instance."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.headers.update(BEARER)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()

    def ask(self, method: str, path: str, **given: Any) -> requests.Response:
        return self.session.request(method, self.url + path, timeout=60, **given)

    def tried(self, path: str, **fields: Any) -> str:
        """The code of the error that a POST met, if it met one."""
        answer = self.ask("POST", f"{MLFLOW}/{path}", json=fields)
        return "" if answer.status_code == 200 else str(answer.json()["error_code"])

    def post(self, path: str, /, **fields: Any) -> Any:
        return self._answer(self.ask("POST", f"{MLFLOW}/{path}", json=fields))

    def get(self, path: str, /, **query: Any) -> Any:
        return self._answer(self.ask("GET", f"{MLFLOW}/{path}", params=query))

    def new_run(self) -> str:
        return str(self.post("runs/create", experiment_id="0")["run"]["info"]["run_id"])

    def steps(self, run: str) -> list[int]:
        found: Mapping[str, Any] = self.get("metrics/get-history", run_id=run, metric_key="m")
        return [point["step"] for point in found.get("metrics", [])]

    def _answer(self, answer: requests.Response) -> Any:
        assert answer.status_code == 200, answer.text
        return answer.json()
