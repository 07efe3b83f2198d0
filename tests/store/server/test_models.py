"""Logged models over REST, beside what `test_like_mlflow` compares."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from autolog.store.base import Store
from autolog.store.events import Model
from autolog.store.log import now
from tests.store.server.serving import MLFLOW, Server, answered

OURS = "m-" + "ab" * 16


@pytest.fixture
def experiment(server: Server) -> str:
    id: str = server.post("experiments/create", name="models")["experiment_id"]
    return id


@pytest.fixture
def run(server: Server, experiment: str) -> str:
    made = server.post("runs/create", experiment_id=experiment, start_time=1, run_name="r")
    id: str = made["run"]["info"]["run_id"]
    return id


def create(server: Server, experiment: str, **more: Any) -> str:
    id: str = server.post("logged-models", experiment_id=experiment, **more)["model"]["info"]["model_id"]
    return id


def found(server: Server, experiment: str, **more: Any) -> list[str]:
    models = server.post("logged-models/search", experiment_ids=[experiment], **more).get("models", [])
    return [model["info"]["name"] for model in models]


def patch(server: Server, path: str, **fields: Any) -> Any:
    return answered(server.ask("PATCH", f"{MLFLOW}/{path}", json=fields))


@pytest.fixture
def recorded(backend: Store) -> str:
    """A run of autolog's with a model in it; the run's id."""
    run = backend.create("iris", "LogisticRegression")
    run.point("acc", 0, 5, 0.9)
    with run.artifact("model") as folder:
        folder.mkdir()
        (folder / "MLmodel").write_text("flavors: {}")
    run.write(Model(0, now(), id=OURS, path="model", flavor="sklearn"))
    run.close()
    return run.id


def test_a_logged_model_is_a_run_of_its_own_kind(server: Server, experiment: str, run: str) -> None:
    id = create(server, experiment, name="lm", source_run_id=run, params=[{"key": "lr", "value": "0.1"}])
    kept = server.store.get(id)
    assert (kept.kind, kept.parent_id, kept.name, kept.params) == ("model", run, "lm", {"lr": "0.1"})
    assert kept.status == "RUNNING"
    path = f"/api/2.0/mlflow-artifacts/artifacts/{experiment}/models/{id}/artifacts/MLmodel"
    assert server.ask("PUT", path, data=b"flavors: {python_function: {}, sklearn: {}}").status_code == 200
    patch(server, f"logged-models/{id}", model_id=id, status="LOGGED_MODEL_READY")
    assert server.store.get(id).status == "FINISHED"
    (model,) = server.store.models(run)
    assert (model.id, model.run_id, model.path, model.flavor) == (id, id, "model", "sklearn")
    assert [one.id for one in server.store.search()] == [run]
    assert [one.id for one in server.store.models(id, run)] == [id, id]


def test_models_that_autolog_recorded_are_logged_models(server: Server, recorded: str) -> None:
    model = server.get(f"logged-models/{OURS}")["model"]
    assert (model["info"]["name"], model["info"]["source_run_id"]) == ("model", recorded)
    assert model["info"]["status"] == "LOGGED_MODEL_READY"
    assert [(one["key"], one["value"], one["model_id"]) for one in model["data"]["metrics"]] == [
        ("acc", 0.9, OURS)
    ]
    experiment = model["info"]["experiment_id"]
    assert found(server, experiment, filter="metrics.acc > 0.8") == ["model"]
    assert found(server, experiment, filter="metrics.acc > 0.95") == []
    outputs = server.get("runs/get", run_id=recorded)["run"]["outputs"]
    assert outputs == {"model_outputs": [{"model_id": OURS, "step": 0}]}
    files = server.get(f"logged-models/{OURS}/artifacts/directories")
    assert files["root_uri"] == model["info"]["artifact_uri"]
    assert files["files"] == [{"path": "MLmodel", "is_dir": False, "file_size": 11}]
    for path in (
        f"/ajax-api/2.0/mlflow/logged-models/{OURS}/artifacts/files?artifact_file_path=MLmodel",
        f"/api/2.0/mlflow-artifacts/artifacts/{experiment}/models/{OURS}/artifacts/MLmodel",
    ):
        assert server.ask("GET", path).content == b"flavors: {}"


def test_tags_of_a_model_that_autolog_recorded(server: Server, recorded: str) -> None:
    patch(server, f"logged-models/{OURS}/tags", tags=[{"key": "team", "value": "red"}])
    assert server.get(f"logged-models/{OURS}")["model"]["info"]["tags"] == [{"key": "team", "value": "red"}]
    tags = server.get("runs/get", run_id=recorded)["run"]["data"]["tags"]
    assert "team" not in str(tags)
    assert answered(server.ask("DELETE", f"{MLFLOW}/logged-models/{OURS}/tags/team")) == {}
    assert "tags" not in server.get(f"logged-models/{OURS}")["model"]["info"]


def test_what_cannot_be_done_to_a_model_that_autolog_recorded(server: Server, recorded: str) -> None:
    assert server.refused("DELETE", f"logged-models/{OURS}")[0] == 400
    given = {"model_id": OURS, "params": [{"key": "a", "value": "b"}]}
    assert server.refused("POST", f"logged-models/{OURS}/params", json=given)[0] == 400
    patch(server, f"logged-models/{OURS}", model_id=OURS, status="LOGGED_MODEL_UPLOAD_FAILED")
    assert server.get(f"logged-models/{OURS}")["model"]["info"]["status"] == "LOGGED_MODEL_READY"
    assert server.store.get(recorded).status == "RUNNING"


def test_metrics_go_to_the_run_and_to_the_model(server: Server, experiment: str, run: str) -> None:
    id = create(server, experiment, name="lm", source_run_id=run)
    metric = {"key": "acc", "timestamp": 7, "step": 2, "model_id": id}
    on = {"dataset_name": "digits", "dataset_digest": "abc"}
    server.post("runs/log-metric", run_id=run, value=0.5, **metric)
    server.post("runs/log-batch", run_id=run, metrics=[{**metric, "value": "NaN", "step": 3, **on}])
    server.post("runs/log-metric", run_id=run, value=0.75, **{**metric, "step": 4})
    assert list(server.store.points(run, "acc").step) == [2, 3, 4]
    assert list(server.store.points(id, "acc").step) == [2, 3, 4]
    seen = server.get(f"logged-models/{id}")["model"]["data"]["metrics"]
    assert [(one["value"], one["step"], one.get("dataset_name"), one["run_id"]) for one in seen] == [
        (0.75, 4, None, run),
        ("NaN", 3, "digits", run),
    ]


@pytest.mark.slow
def test_a_point_that_is_sent_again_for_models_is_there_once(
    server: Server, experiment: str, run: str
) -> None:
    """As MLflow's client does when it logs a model, and when several models stand at a step."""
    one, other = (create(server, experiment, name=name, source_run_id=run) for name in "ab")
    points = [
        {"key": key, "value": value, "timestamp": 7, "step": 0} for key, value in (("a", "NaN"), ("b", 2.0))
    ]
    for point in points:
        server.post("runs/log-metric", run_id=run, **point)
    for _ in range(2):
        again = [{**point, "model_id": id} for id in (one, other) for point in points]
        server.post("runs/log-batch", run_id=run, metrics=again)
        server.post("runs/log-metric", run_id=run, **again[0])
    server.post("runs/log-metric", run_id=run, **{**again[0], "step": 1})
    for id, count in ((run, 2), (one, 2), (other, 1)):
        assert [len(server.store.points(id, key)) for key in "ab"] == [count, 1]


def test_a_metric_of_a_model_that_is_not_there(server: Server, run: str) -> None:
    metric = {"key": "acc", "value": 1.0, "timestamp": 7, "step": 2, "model_id": "m-" + "0" * 32}
    for path, fields in (("log-metric", metric), ("log-batch", {"metrics": [metric]})):
        refused = server.refused("POST", f"runs/{path}", json={"run_id": run, **fields})
        assert refused[:2] == (404, "RESOURCE_DOES_NOT_EXIST")
    assert len(server.store.points(run, "acc")) == 0


@pytest.mark.slow
def test_searching_by_what_was_measured_on_a_data_set(server: Server, experiment: str, run: str) -> None:
    for name, on, value in (("a", "train", 0.9), ("b", "test", 0.8), ("c", "test", 0.7)):
        id = create(server, experiment, name=name, source_run_id=run)
        metric = {"key": "acc", "value": value, "timestamp": 7, "step": 0, "model_id": id}
        server.post(
            "runs/log-batch", run_id=run, metrics=[{**metric, "dataset_name": on, "dataset_digest": "1"}]
        )
    test = [{"dataset_name": "test"}]
    order = [{"field_name": "metrics.acc", "ascending": True, "dataset_name": "test"}]
    assert found(server, experiment, filter="metrics.acc > 0.75", datasets=test) == ["b"]
    assert found(server, experiment, order_by=order) == ["c", "b", "a"]
    assert found(server, experiment, order_by=order, max_results=1) == ["c"]


def test_a_token_is_for_one_search(server: Server, experiment: str) -> None:
    for name in "abc":
        create(server, experiment, name=name)
    asked = {"experiment_ids": [experiment], "max_results": 2, "order_by": [{"field_name": "name"}]}
    token = server.post("logged-models/search", **asked)["next_page_token"]
    rest = server.post("logged-models/search", **asked, page_token=token)
    assert [model["info"]["name"] for model in rest["models"]] == ["c"]
    for change in ({"experiment_ids": ["0"]}, {"filter": "name = 'a'"}, {"order_by": []}):
        given = {**asked, **change, "page_token": token}
        assert server.refused("POST", "logged-models/search", json=given)[0] == 400
    for text in ("rubbish", "e30=", base64.b64encode(b'{"experiment_ids": [], "offset": -1}').decode()):
        given = {**asked, "page_token": text}
        assert server.refused("POST", "logged-models/search", json=given)[0] == 400


def test_models_of_a_deleted_experiment_are_not_found(server: Server, experiment: str) -> None:
    create(server, experiment, name="a")
    assert found(server, experiment) == ["a"]
    server.post("experiments/delete", experiment_id=experiment)
    assert found(server, experiment) == []
    assert found(server, "987654321") == []
    assert server.refused("POST", "logged-models", json={"experiment_id": experiment, "name": "b"})[0] == 400


def test_the_list_of_models_of_old_clients(server: Server, run: str) -> None:
    model = '{"run_id": "%s", "artifact_path": "%s", "utc_time_created": "then", "flavors": {}}'
    for name in ("a", "b"):
        server.post("runs/log-model", run_id=run, model_json=model % (run, name))
    history = server.store.get(run).tags["mlflow.log-model.history"]
    assert '"artifact_path": "a"' in history
    assert '"artifact_path": "b"' in history
    for rubbish in ("[]", "7", "{}", "[" * 100_000, "null"):
        given = {"run_id": run, "model_json": rubbish}
        assert server.refused("POST", "runs/log-model", json=given)[0] == 400
