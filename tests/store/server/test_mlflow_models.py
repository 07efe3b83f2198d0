"""MLflow's own Python client with models and the registry, as a program of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.store.server.serving import TOKEN, Server

LOGISTIC = "LogisticRegression"


def outcome(server: Server, folder: Path) -> dict[str, Any]:
    own = {"MLFLOW_TRACKING_URI": server.url, "MLFLOW_TRACKING_TOKEN": TOKEN}
    program = subprocess.run(
        [sys.executable, "-W", "ignore", Path(__file__).with_name("mlflow_models.py")],
        env={**os.environ, **own},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert program.returncode == 0, program.stderr[-3000:]
    result: dict[str, Any] = json.loads(program.stdout.splitlines()[-1])
    return result


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_models_from_logging_to_loading(server: Server, tmp_path: Path) -> None:
    assert outcome(server, tmp_path) == {
        "the same predictions": [True] * 4,
        "by its run": LOGISTIC,
        "outputs": [True],
        "logged": ["lr", "READY", {"C": "1.0"}, {"acc": 0.9, "late": 0.5}],
        "its run": True,
        "by metric": [1, 0],
        "version": ["1", True, ["champion"]],
        "by run": ["1"],
        "again": "2",
        "copy": ["copied", "1", LOGISTIC],
        "latest": ["1", "2"],
        "by stage": LOGISTIC,
        "described": ["first", {"k": "v"}],
        "models": ["fraud", "renamed"],
        "by tag": ["fraud"],
        "by name": ["renamed"],
        "no alias": "INVALID_PARAMETER_VALUE",
        "taken": "RESOURCE_ALREADY_EXISTS",
        "no model": "RESOURCE_DOES_NOT_EXIST",
        "a local path": "INVALID_PARAMETER_VALUE",
        "measured": [[[0.7, True]], [True]],
        "external": ["elsewhere", "FAILED", {"z": "1"}, "b", False],
        "deleted": "RESOURCE_DOES_NOT_EXIST",
        "autolog": ["model", "READY", "True"],
        "files": True,
    }
    version = server.store.registry.version_by_alias("fraud", "champion")
    assert (version.version, version.description) == (1, "first")
