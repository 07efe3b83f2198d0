"""MLflow's own client against our server: what it writes it reads back, and we read it too."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.store.server.serving import READING, TOKEN, Server

mlflow: Any = pytest.importorskip("mlflow")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture
def server(shared: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", TOKEN)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    monkeypatch.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(shared.url)
    yield shared
    mlflow.set_tracking_uri(before)


@pytest.fixture
def client(server: Server) -> Any:
    return mlflow.MlflowClient()


def test_a_training(server: Server, client: Any, tmp_path: Path) -> None:
    mlflow.set_experiment("training")
    with mlflow.start_run(run_name="one", tags={"team": "a"}, description="what it is") as run:
        mlflow.log_params({"lr": 0.1, "layers": [1, 2]})
        mlflow.log_metrics({"acc": 0.5, "odd name/x": 1}, step=1)
        mlflow.log_metric("acc", 0.75, step=2, timestamp=1_700_000_000_000)
        mlflow.log_metrics({"nan": math.nan, "inf": math.inf, "low": -math.inf})
        mlflow.log_text("hello", "notes/a.txt")
        mlflow.log_dict({"a": 1}, "b.json")
        with mlflow.start_run(nested=True, run_name="inner"):
            mlflow.log_param("inner", True)
    found = client.get_run(run.info.run_id)
    assert (found.info.status, found.info.run_name, found.data.params) == (
        "FINISHED",
        "one",
        {"lr": "0.1", "layers": "[1, 2]"},
    )
    assert found.data.metrics["acc"] == 0.75 and found.data.metrics["odd name/x"] == 1
    assert math.isnan(found.data.metrics["nan"])
    assert (found.data.metrics["inf"], found.data.metrics["low"]) == (math.inf, -math.inf)
    assert found.data.tags["team"] == "a" and found.data.tags["mlflow.note.content"] == "what it is"
    history = client.get_metric_history(run.info.run_id, "acc")
    assert [(point.step, point.value) for point in history] == [(1, 0.5), (2, 0.75)]
    assert history[1].timestamp == 1_700_000_000_000
    assert {(file.path, file.is_dir) for file in client.list_artifacts(run.info.run_id)} == {
        ("notes", True),
        ("b.json", False),
    }
    local = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, dst_path=str(tmp_path))
    assert (Path(local) / "notes" / "a.txt").read_text() == "hello"
    ours = server.store.get(run.info.run_id)
    assert (ours.name, ours.experiment, ours.metrics["acc"]) == ("one", "training", 0.75)
    children = mlflow.search_runs(
        experiment_names=["training"], filter_string=f"tags.mlflow.parentRunId = '{run.info.run_id}'"
    )
    assert list(children["tags.mlflow.runName"]) == ["inner"]


def test_searching(client: Any) -> None:
    experiment = client.create_experiment("searching", tags={"x": "y"})
    for number in range(7):
        run = client.create_run(experiment, run_name=f"r{number}", start_time=1 + number)
        client.log_metric(run.info.run_id, "acc", number / 10)
        client.set_terminated(run.info.run_id)
    frame = mlflow.search_runs(
        [experiment], "metrics.acc >= 0.2", order_by=["metrics.acc DESC"], max_results=3
    )
    assert list(frame["metrics.acc"]) == [0.6, 0.5, 0.4]
    first = client.search_runs([experiment], max_results=4)
    rest = client.search_runs([experiment], max_results=4, page_token=first.token)
    assert [run.info.run_name for run in [*first, *rest]] == [f"r{number}" for number in reversed(range(7))]
    assert rest.token is None
    assert [one.name for one in client.search_experiments(filter_string="tags.x = 'y'")] == ["searching"]


def test_changing_runs(client: Any) -> None:
    id = client.create_run("0").info.run_id
    client.log_param(id, "p", 1)
    with pytest.raises(mlflow.MlflowException, match="Changing param values is not allowed"):
        client.log_param(id, "p", 2)
    client.set_tag(id, "k", "v")
    client.delete_tag(id, "k")
    client.update_run(id, status="FAILED", name="renamed")
    client.delete_run(id)
    with pytest.raises(mlflow.MlflowException, match="must be in the 'active' state"):
        client.log_metric(id, "m", 1)
    client.restore_run(id)
    run = client.get_run(id)
    assert (run.info.status, run.info.run_name, run.info.lifecycle_stage) == ("FAILED", "renamed", "active")
    assert "k" not in run.data.tags
    mlflow.set_experiment(experiment_id="0")
    with mlflow.start_run(run_id=id):
        assert client.get_run(id).info.status == "RUNNING"
        mlflow.log_metric("m", 1)
    assert client.get_run(id).info.status == "FINISHED"


def test_what_is_missing_has_the_code_that_clients_look_at(client: Any) -> None:
    assert client.get_experiment_by_name("nobody") is None
    for ask in (lambda: client.get_run("0" * 32), lambda: client.get_experiment("12345")):
        with pytest.raises(mlflow.MlflowException) as error:
            ask()
        assert error.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_files(client: Any, tmp_path: Path) -> None:
    id = client.create_run("0").info.run_id
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "deep" / "a b.bin").write_bytes(bytes(range(256)) * 5000)
    client.log_artifacts(id, str(tmp_path / "in"), "all")
    assert [file.path for file in client.list_artifacts(id, "all/deep")] == ["all/deep/a b.bin"]
    local = client.download_artifacts(id, "all", str(tmp_path))
    assert (Path(local) / "deep" / "a b.bin").read_bytes() == bytes(range(256)) * 5000
    with pytest.raises(mlflow.MlflowException):
        client.download_artifacts(id, "none", str(tmp_path))


def test_data_sets(client: Any) -> None:
    numpy = pytest.importorskip("numpy")
    mlflow.set_experiment("data")
    with mlflow.start_run() as run:
        mlflow.log_input(mlflow.data.from_numpy(numpy.zeros((3, 2)), name="train"), context="training")
    (found,) = client.get_run(run.info.run_id).inputs.dataset_inputs
    assert (found.dataset.name, found.tags[0].value) == ("train", "training")
    assert "features" in found.dataset.schema
    frame = mlflow.search_runs(experiment_names=["data"], filter_string="dataset.name = 'train'")
    assert list(frame["run_id"]) == [run.info.run_id]


def test_a_token_for_reading(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    id = client.create_run("0").info.run_id
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", READING)
    assert client.get_run(id).info.run_id == id
    assert id in {run.info.run_id for run in client.search_runs(["0"])}
    with pytest.raises(mlflow.MlflowException, match="for reading only"):
        client.set_tag(id, "k", "v")


def test_a_user_and_a_password(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_TOKEN")
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ann")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", TOKEN)
    assert client.get_experiment("0").name == "Default"


PROCESS = """
import sys, mlflow
mlflow.set_tracking_uri(sys.argv[1])
experiment = mlflow.set_experiment("together")
# Where another was quicker to create it, MLflow does not make it the active one.
with mlflow.start_run(experiment_id=experiment.experiment_id, run_name=sys.argv[2]):
    for step in range(50):
        mlflow.log_metric("m", step, step=step)
"""


def test_several_processes_at_once(server: Server, client: Any) -> None:
    """They also make the experiment at once."""
    commands = [[sys.executable, "-c", PROCESS, server.url, f"p{number}"] for number in range(3)]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for command in commands]
    for process in processes:
        assert process.wait(timeout=200) == 0, process.communicate()
        assert process.stderr is not None
        process.stderr.close()
    runs = client.search_runs([client.get_experiment_by_name("together").experiment_id])
    assert sorted(run.info.run_name for run in runs) == [f"p{number}" for number in range(3)]
    for run in runs:
        points = client.get_metric_history(run.info.run_id, "m")
        assert [point.step for point in points] == list(range(50)) and run.info.status == "FINISHED"
