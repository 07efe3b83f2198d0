"""Autologged trainings as they are on an MLflow server, and what MLflow's own client logged as we see it."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from pathlib import Path

import pytest

from autolog.store.folder import FolderStore
from autolog.store.http import HttpStore
from tests.store.mlflow.test_faults import raw_runs

from .serving import MlflowServer

pytestmark = pytest.mark.slow

SEARCH = """
import sys, autolog
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
autolog.enable(store=sys.argv[1], experiment="iris")
search = GridSearchCV(LogisticRegression(max_iter=200), {"C": [0.1, 1.0, 10.0]}, cv=2)
search.fit(*load_iris(return_X_y=True))
"""

LOOP = """
import sys, torch, autolog
autolog.enable(store=sys.argv[1], experiment="loop")
torch.manual_seed(0)
with autolog.run("loop") as run:
    run.log_params({"lr": 0.1})
    x = torch.ones(8, 3)
    model = torch.nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step in range(30):
        optimizer.zero_grad()
        loss = ((model(x) - 2.0) ** 2).mean()
        loss.backward()
        optimizer.step()
        run.log_metric("mine", float(loss), step=step)
"""

THEIRS = """
import sys, mlflow
from sklearn.linear_model import LinearRegression
mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_experiment("theirs")
with mlflow.start_run(run_name="outer"):
    mlflow.log_params({"lr": 0.1, "C": "1.0"})
    mlflow.set_tag("colour", "red")
    for step in range(5):
        mlflow.log_metric("loss", step / 2, step=step, timestamp=1732345678000 + step)
    mlflow.log_text("hello", "notes/a.txt")
    mlflow.log_input(mlflow.data.from_numpy(__import__("numpy").eye(3), name="eye"), context="training")
    with mlflow.start_run(run_name="inner", nested=True):
        mlflow.log_metric("score", float("nan"))
    info = mlflow.sklearn.log_model(LinearRegression().fit([[1.0], [2.0]], [1.0, 2.0]), name="model")
    print("model", info.model_id)
"""


def run(script: str, address: str) -> str:
    found = subprocess.run(
        [sys.executable, "-c", script, address], check=True, capture_output=True, text=True, timeout=300
    )
    assert "not yet at" not in found.stderr
    return found.stdout


@pytest.mark.parametrize("script", [SEARCH, LOOP])
def test_a_training_arrives_whole(server: MlflowServer, tmp_path: Path, script: str) -> None:
    """As it is in a folder: names, nesting, params, metrics at the same steps, tags, files, models."""
    run(script, server.address)
    run(script, str(tmp_path / "folder"))
    there, here = HttpStore(server.address), FolderStore(tmp_path / "folder")
    seen, known = (
        {path(store, one): one for one in store.search("status = 'FINISHED'")} for store in (there, here)
    )
    assert sorted(seen) == sorted(known)
    for key, one in known.items():
        other = seen[key]
        assert other.params == one.params
        assert other.tags.keys() == one.tags.keys()
        assert other.metrics.keys() == one.metrics.keys()
        assert [input.digest for input in other.inputs] == [input.digest for input in one.inputs]
        assert [input.facts for input in other.inputs] == [input.facts for input in one.inputs]
        assert list(there.artifacts(other.id)) == list(here.artifacts(one.id))
        models = [(model.path, model.flavor) for model in there.models(other.id)]
        assert models == [(model.path, model.flavor) for model in here.models(one.id)]
        for metric in one.metrics:
            assert list(there.points(other.id, metric).step) == list(here.points(one.id, metric).step)
    assert len(raw_runs(server.address)) == len(known)


def path(store: HttpStore | FolderStore, run: object) -> str:
    """The names of a run and of those above it, with what tells trials from each other."""
    parts = []
    while True:
        parts.append(f"{run.name} {sorted(run.params.items())}")  # type: ignore[attr-defined]
        if run.parent_id is None:  # type: ignore[attr-defined]
            return "/".join(parts)
        run = store.get(run.parent_id)  # type: ignore[attr-defined]


def test_what_mlflows_client_logged(server: MlflowServer) -> None:
    id = re.findall("model (m-[0-9a-f]{32})", run(THEIRS, server.address))[0]
    store = HttpStore(server.address)
    inner, outer = store.search(experiment="theirs", order_by=["name"])
    assert (outer.name, outer.params, outer.status) == ("outer", {"lr": "0.1", "C": "1.0"}, "FINISHED")
    assert outer.tags["colour"] == "red"
    assert inner.parent_id == outer.id and math.isnan(inner.metrics["score"])
    assert list(store.points(outer.id, "loss").time) == [1732345678000 + step for step in range(5)]
    assert "notes/a.txt" in list(store.artifacts(outer.id))
    assert store.artifacts(outer.id).path("notes/a.txt").read_text() == "hello"
    assert [(input.name, input.context) for input in outer.inputs] == [("eye", "training")]
    assert [found.id for found in store.search("params.lr > 0.05 or metrics.loss > 100")] == [outer.id]
    assert [found.id for found in store.search(f"parent = '{outer.id}'")] == [inner.id]
    (model,) = store.models(outer.id)
    assert (model.id, model.run_id, model.path) == (id, id, "model")
    assert store.model(id) == model
    logged = store.get(id)
    assert (logged.kind, logged.parent_id, logged.status) == ("model", outer.id, "FINISHED")
    assert (store.artifacts(id).path("model") / "MLmodel").exists()
    version = store.registry.register("fraud", f"models:/{id}")
    assert (version.source, version.run_id) == (f"runs:/{id}/model", outer.id)
    assert (store.registry.path(version) / "MLmodel").exists()
    writer = store.join(outer.id)
    writer.point("loss", 5, 1732345678005, 2.5)
    assert len(store.points(outer.id, "loss")) == 6
