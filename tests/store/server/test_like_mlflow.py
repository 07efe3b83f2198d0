"""The same requests to MLflow's own server and to ours: what differs is known, and has its reason."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from autolog.store.folder import FolderStore
from autolog.store.server.routing import endpoints
from autolog.store.wire.endpoint import Endpoint
from autolog.web.running import listening
from tests.store.server.accepted import ACCEPTED, Accepted
from tests.store.server.replay import Answer, Step, differences, play, recordings
from tests.store.server.serving import BEARER, running, until


@contextmanager
def mlflow_server(folder: Path) -> Iterator[str]:
    """MLflow's own server on SQLite, through which artifacts go; its address."""
    with listening("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--workers", "1", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    env = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}  # eight processes more
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env=env, cwd=folder, start_new_session=True
        )
        try:
            until(lambda: _answers(f"http://127.0.0.1:{port}/health", process), 240)
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(process.pid, signal.SIGTERM)  # its workers, too
            process.wait(60)


def _answers(url: str, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "MLflow's server did not start"
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False


def _without_models(url: str) -> None:
    """Every recording begins with an empty registry."""
    models = requests.get(f"{url}/api/2.0/mlflow/registered-models/search", timeout=60).json()
    for model in models.get("registered_models", []):
        gone = {"name": model["name"]}
        requests.delete(f"{url}/api/2.0/mlflow/registered-models/delete", json=gone, timeout=60)


def _unexplained(name: str, step: Step, theirs: Answer, ours: Answer, used: set[Accepted]) -> Iterator[str]:
    for found in differences(theirs._asdict(), ours._asdict()):
        reasons = [entry for entry in ACCEPTED if entry.covers(step, found)]
        used.update(reasons)
        if not reasons:
            values = f"{_short(found.theirs)} there, {_short(found.ours)} here"
            yield f"{name}: {step}\n    {found.place}: {values}"


def _short(value: Any) -> str:
    return json.dumps(value)[:300]


@pytest.mark.slow
def test_every_difference_is_known(tmp_path: Path) -> None:
    used: set[Accepted] = set()
    unexplained: list[str] = []
    with mlflow_server(tmp_path) as theirs:
        for number, (name, steps) in enumerate(recordings().items()):
            _without_models(theirs)
            with running(FolderStore(tmp_path / f"ours{number}")) as ours:
                answers = zip(steps, play(steps, theirs, {}), play(steps, ours.url, BEARER), strict=True)
                for step, there, here in answers:
                    unexplained += _unexplained(name, step, there, here, used)
    assert not unexplained, "\n".join(unexplained)
    assert [entry for entry in ACCEPTED if entry not in used] == []


def test_every_endpoint_of_mlflows_is_asked() -> None:
    """With what ``/api/2.0`` has; the pages of MLflow's own interface ask for more."""
    asked = {(step.method, _below_the_prefix(step)) for steps in recordings().values() for step in steps}
    unasked = [
        str(endpoint)
        for endpoint, _, paths in endpoints()
        if any(path.startswith("/api/2.0/mlflow") for path in paths)
        and not any(endpoint.method == method and _is_path(path, endpoint) for method, path in asked)
    ]
    assert unasked == []


def _below_the_prefix(step: Step) -> str:
    if step.path.startswith("/"):
        return step.path.removeprefix("/ajax-api/2.0")
    return f"/{step.path}" if step.path.startswith("mlflow-") else f"/mlflow/{step.path}"


def _is_path(path: str, endpoint: Endpoint[Any, Any]) -> bool:
    pattern = re.sub(
        r"\\\{\w+(:path)?\\\}", lambda match: ".+" if match[1] else "[^/]+", re.escape(endpoint.path)
    )
    return re.fullmatch(pattern, path) is not None
