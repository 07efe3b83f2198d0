"""MLflow's command line and the parts of its client that log in the background, in forms, and data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.store.postgres import postgres
from tests.store.server.official import Official, client, experiment, mlflow, official

__all__ = ["client", "official", "postgres"]

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def said(*words: str) -> str:
    """What a command prints."""
    from click.testing import CliRunner
    from mlflow.cli import cli

    result = CliRunner().invoke(cli, list(words))
    assert result.exit_code == 0, result.output
    output: str = result.output
    return output


def test_experiments_by_command(official: Official, client: Any) -> None:
    said("experiments", "create", "-n", "by-command")
    id = client.get_experiment_by_name("by-command").experiment_id
    assert "by-command" in said("experiments", "search")
    said("experiments", "rename", "-x", id, "--new-name", "renamed")
    assert "renamed" in said("experiments", "get", "-x", id)
    said("experiments", "delete", "-x", id)
    assert id in said("experiments", "search", "-v", "deleted_only")
    assert official.reopen().experiments.get(id).deleted
    said("experiments", "restore", "-x", id)
    assert official.reopen().experiments.named("renamed").id == id


def test_runs_by_command(official: Official) -> None:
    id = experiment("runs-by-command")
    with mlflow.start_run(run_name="one") as run:
        mlflow.log_param("a", 1)
        mlflow.log_metric("m", 0.5)
    of_run = ("--run-id", run.info.run_id)
    assert json.loads(said("runs", "describe", *of_run))["data"] | {"tags": 0} == {
        "metrics": {"m": 0.5},
        "params": {"a": "1"},
        "tags": 0,
    }
    assert run.info.run_id in said("experiments", "csv", "-x", id)
    said("runs", "delete", *of_run)
    assert run.info.run_id not in said("runs", "list", "--experiment-id", id)
    assert run.info.run_id in said("runs", "list", "--experiment-id", id, "-v", "deleted_only")
    assert official.reopen().get(run.info.run_id, deleted=True).deleted
    said("runs", "restore", *of_run)
    assert not official.reopen().get(run.info.run_id).deleted
    made = said("runs", "create", "--experiment-id", id, "--run-name", "made", "--tags", "k=v")
    made = json.loads(made[made.index("{") :])
    assert official.reopen().get(made["run_id"]).name == "made"


def test_files_by_command(official: Official, tmp_path: Path) -> None:
    experiment("files-by-command")
    with mlflow.start_run() as run:
        pass
    id = run.info.run_id
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("a")
    said("artifacts", "log-artifact", "-l", str(tmp_path / "in" / "a.txt"), "-r", id, "-a", "deep/er")
    said("artifacts", "log-artifacts", "-l", str(tmp_path / "in"), "-r", id)
    assert json.loads(said("artifacts", "list", "-r", id)) == [
        {"path": "a.txt", "is_dir": False, "file_size": 1},
        {"path": "deep", "is_dir": True},
    ]
    said("artifacts", "download", "-r", id, "-d", str(tmp_path / "out"))
    out = {str(file.relative_to(tmp_path / "out")) for file in (tmp_path / "out").rglob("*.txt")}
    assert out == {"a.txt", "deep/er/a.txt"} == set(official.reopen().artifacts(id))


def test_logging_in_the_background(official: Official, client: Any) -> None:
    experiment("background")
    with mlflow.start_run() as run:
        for step in range(100):
            mlflow.log_metric("loss", step / 2, step=step, synchronous=False)
        mlflow.log_metrics({"a": 1.0, "b": 2.0}, step=3, synchronous=False)
        mlflow.log_params({"p": 1, "q": "x"}, synchronous=False)
        mlflow.set_tag("t", "y", synchronous=False)
        mlflow.flush_async_logging()
    id = run.info.run_id
    points = {(point.step, point.value) for point in client.get_metric_history(id, "loss")}
    assert points == {(step, step / 2) for step in range(100)}
    found = client.get_run(id).data
    assert (found.params, found.metrics["b"], found.tags["t"]) == ({"p": "1", "q": "x"}, 2.0, "y")
    ours = official.reopen()
    assert len(ours.points(id, "loss")) == 100 and ours.get(id).params == {"p": "1", "q": "x"}


def test_forms_of_files(official: Official, client: Any) -> None:
    np, pandas = pytest.importorskip("numpy"), pytest.importorskip("pandas")
    figures = pytest.importorskip("matplotlib.figure")
    experiment("forms")
    with mlflow.start_run() as run:
        mlflow.log_table({"x": [1, 2], "y": ["a", "b"]}, "table.json")
        mlflow.log_table(pandas.DataFrame({"x": [3], "y": ["c"]}), "table.json")
        mlflow.log_figure(figures.Figure(), "plots/one.png")
        mlflow.log_image(np.zeros((4, 4, 3), dtype=np.uint8), "image.png")
        mlflow.log_image(np.zeros((4, 4, 3), dtype=np.uint8), key="seen", step=1)
        mlflow.log_dict({"a": [1, None]}, "deep/a.json")
        mlflow.log_text("é", "é.txt")
    id = run.info.run_id
    assert mlflow.load_table("table.json", run_ids=[id]).to_dict("list") == {
        "x": [1, 2, 3],
        "y": ["a", "b", "c"],
    }
    assert mlflow.artifacts.load_dict(f"runs:/{id}/deep/a.json") == {"a": [1, None]}
    assert mlflow.artifacts.load_text(f"runs:/{id}/é.txt") == "é"
    assert mlflow.artifacts.load_image(f"runs:/{id}/image.png").size == (4, 4)
    assert {file.path.rpartition(".")[2] for file in client.list_artifacts(id, "images")} == {"png", "webp"}
    ours = official.reopen()
    assert {"plots/one.png", "deep/a.json", "é.txt"} <= set(ours.artifacts(id))
    assert json.loads(ours.get(id).tags["mlflow.loggedArtifacts"]) == [
        {"path": "table.json", "type": "table"}
    ]


def test_data_sets_and_tables_of_runs(official: Official, client: Any) -> None:
    pandas = pytest.importorskip("pandas")
    id = experiment("data")
    frame = pandas.DataFrame({"x": [1.0, 2.0], "y": [0, 1]})
    data = mlflow.data.from_pandas(frame, name="frame", targets="y")
    for number in range(3):
        with mlflow.start_run(run_name=f"run {number}", tags={"odd tag": str(number)}) as run:
            mlflow.log_input(data, context="training", tags={"k": "v"})
            mlflow.log_metric("m", number)
    (found,) = client.get_run(run.info.run_id).inputs.dataset_inputs
    assert (found.dataset.name, found.dataset.digest) == ("frame", data.digest)
    assert {tag.key: tag.value for tag in found.tags} == {"k": "v", "mlflow.data.context": "training"}
    assert json.loads(found.dataset.profile) == data.profile
    table = mlflow.search_runs([id], "metrics.m > 0 AND dataset.name = 'frame'", order_by=["metrics.m DESC"])
    assert list(table["metrics.m"]) == [2.0, 1.0] and list(table["tags.odd tag"]) == ["2", "1"]
    assert table["status"].unique().tolist() == ["FINISHED"]
    (ours,) = official.reopen().get(run.info.run_id).inputs
    assert (ours.name, ours.digest, ours.context) == ("frame", data.digest, "training")
