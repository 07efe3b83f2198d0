"""MLflow's runs over HTTP: params, tags, metrics, batches."""

from __future__ import annotations

import math
from typing import Any

import pytest

from autolog.store.events import End, Params, Tags
from autolog.store.log import now
from tests.store.server.serving import Server


@pytest.fixture
def server(shared: Server) -> Server:
    return shared


BAD = (400, "INVALID_PARAMETER_VALUE")


def created(server: Server, **given: Any) -> str:
    id: str = server.post("runs/create", **{"experiment_id": "0", **given})["run"]["info"]["run_id"]
    return id


def whole(server: Server, id: str) -> Any:
    return server.get("runs/get", run_id=id)["run"]


def texts(pairs: list[dict[str, str]]) -> dict[str, str]:
    return {pair["key"]: pair["value"] for pair in pairs}


def test_a_new_run(server: Server) -> None:
    tags = [{"key": "mlflow.user", "value": "ann"}, {"key": "k", "value": "v"}]
    run = server.post(
        "runs/create", experiment_id="0", run_name="r", start_time=1_700_000_000_000, tags=tags
    )["run"]
    id = run["info"]["run_id"]
    assert len(id) == 32
    assert run["info"] == {
        "run_uuid": id,
        "run_id": id,
        "experiment_id": "0",
        "run_name": "r",
        "user_id": "ann",
        "status": "RUNNING",
        "start_time": 1_700_000_000_000,
        "artifact_uri": f"mlflow-artifacts:/0/{id}/artifacts",
        "lifecycle_stage": "active",
    }
    assert texts(run["data"]["tags"]) == {"mlflow.user": "ann", "k": "v", "mlflow.runName": "r"}
    assert whole(server, id)["info"] == run["info"]
    assert server.get("runs/get", run_uuid=id)["run"]["info"] == run["info"]


def test_a_name_is_found_for_one_without(server: Server) -> None:
    assert whole(server, created(server))["info"]["run_name"].startswith("run-")
    by_tag = created(server, tags=[{"key": "mlflow.runName", "value": "tagged"}])
    assert whole(server, by_tag)["info"]["run_name"] == "tagged"
    both = {"experiment_id": "0", "run_name": "a", "tags": [{"key": "mlflow.runName", "value": "b"}]}
    assert server.refused("POST", "runs/create", json=both)[:2] == BAD


def test_a_nested_run(server: Server) -> None:
    parent = created(server)
    child = created(server, tags=[{"key": "mlflow.parentRunId", "value": parent}])
    assert server.store.get(child).parent_id == parent
    assert texts(whole(server, child)["data"]["tags"])["mlflow.parentRunId"] == parent
    orphan = created(server, tags=[{"key": "mlflow.parentRunId", "value": "f" * 32}])
    assert server.store.get(orphan).parent_id is None
    assert texts(whole(server, orphan)["data"]["tags"])["mlflow.parentRunId"] == "f" * 32


def test_an_end_and_another_name(server: Server) -> None:
    id = created(server)
    info = server.post("runs/update", run_id=id, status="FAILED", end_time=1_800_000_000_000, run_name="new")
    assert (info["run_info"]["status"], info["run_info"]["end_time"]) == ("FAILED", 1_800_000_000_000)
    run = whole(server, id)
    assert run["info"] == info["run_info"]
    assert texts(run["data"]["tags"])["mlflow.runName"] == run["info"]["run_name"] == "new"
    assert server.post("runs/update", run_id=id, status="RUNNING")["run_info"]["status"] == "RUNNING"
    assert server.refused("POST", "runs/update", json={"run_id": id, "status": "ODD"})[:2] == BAD


def test_the_name_is_a_tag_as_well(server: Server) -> None:
    id = created(server, run_name="a")
    server.post("runs/set-tag", run_id=id, key="mlflow.runName", value="b")
    assert whole(server, id)["info"]["run_name"] == "b"


def test_a_deleted_run_takes_nothing(server: Server) -> None:
    id = created(server)
    server.post("runs/log-parameter", run_id=id, key="p", value="1")
    server.post("runs/delete", run_id=id)
    assert whole(server, id)["info"]["lifecycle_stage"] == "deleted"
    refused = server.refused(
        "POST", "runs/log-metric", json={"run_id": id, "key": "m", "value": 1, "timestamp": 1}
    )
    assert refused == (*BAD, f"The run {id} must be in the 'active' state. Current state is deleted.")
    for path in ("log-parameter", "set-tag", "delete-tag"):
        asked = {"run_id": id, "key": "k", "value": "v"}
        assert server.refused("POST", f"runs/{path}", json=asked)[:2] == BAD
    server.post("runs/restore", run_id=id)
    server.post("runs/log-metric", run_id=id, key="m", value=1, timestamp=1)
    assert len(whole(server, id)["data"]["metrics"]) == 1


def test_a_run_that_there_is_not(server: Server) -> None:
    for id in ("0" * 32, "abc"):
        refused = server.refused("GET", f"runs/get?run_id={id}")
        assert refused == (404, "RESOURCE_DOES_NOT_EXIST", f"Run with id={id} not found")
    assert server.refused("GET", "runs/get?run_id=..%2Fx")[:2] == BAD
    assert server.refused("GET", "runs/get")[:2] == BAD


def test_a_beginning_of_an_id_is_no_id(server: Server) -> None:
    id = created(server)
    assert server.refused("GET", f"runs/get?run_id={id[:20]}")[0] == 404


def test_a_param_is_written_once(server: Server) -> None:
    id = created(server)
    for _ in range(2):
        server.post("runs/log-parameter", run_id=id, key="lr", value="0.1")
    message = (
        "Changing param values is not allowed. Param with key='lr' was already logged with value='0.1'"
        f" for run ID='{id}'. Attempted logging new value '0.2'."
    )
    other = {"run_id": id, "key": "lr", "value": "0.2"}
    assert server.refused("POST", "runs/log-parameter", json=other) == (*BAD, message)
    assert texts(whole(server, id)["data"]["params"]) == {"lr": "0.1"}


def test_tags_come_and_go(server: Server) -> None:
    id = created(server)
    server.post("runs/set-tag", run_id=id, key="k", value="1")
    server.post("runs/set-tag", run_uuid=id, key="k", value="2")
    assert texts(whole(server, id)["data"]["tags"])["k"] == "2"
    server.post("runs/delete-tag", run_id=id, key="k")
    assert "k" not in texts(whole(server, id)["data"]["tags"])
    assert server.refused("POST", "runs/delete-tag", json={"run_id": id, "key": "k"}) == (
        404,
        "RESOURCE_DOES_NOT_EXIST",
        f"No tag with name: k in run with id {id}",
    )


def test_the_history_of_a_metric(server: Server) -> None:
    id = created(server)
    for step, value in enumerate([0.5, "NaN", "Infinity", "-Infinity", 3, "4.5"]):
        server.post(
            "runs/log-metric", run_id=id, key="loss", value=value, timestamp=1000 + step, step=str(step)
        )
    first = server.get("metrics/get-history", run_id=id, metric_key="loss", max_results=4)
    assert [point["value"] for point in first["metrics"]] == [0.5, "NaN", "Infinity", "-Infinity"]
    assert first["metrics"][0] == {"key": "loss", "value": 0.5, "timestamp": 1000, "step": 0}
    assert first["next_page_token"] == "eyJvZmZzZXQiOiA0fQ=="
    rest = server.get(
        "metrics/get-history",
        run_id=id,
        metric_key="loss",
        max_results=4,
        page_token=first["next_page_token"],
    )
    assert [point["value"] for point in rest["metrics"]] == [3.0, 4.5] and "next_page_token" not in rest
    assert whole(server, id)["data"]["metrics"] == [
        {"key": "loss", "value": 4.5, "timestamp": 1005, "step": 5}
    ]
    assert server.get("metrics/get-history", run_id=id, metric_key="none") == {}


def test_histories_of_several_runs(server: Server) -> None:
    ids = sorted(created(server) for _ in range(2))
    for id in ids:
        points = [{"key": "m", "value": float(n), "timestamp": n, "step": n} for n in range(100)]
        server.post("runs/log-batch", run_id=id, metrics=points)
    path = "/ajax-api/2.0/mlflow/metrics/get-history-bulk"
    found = server.ask("GET", path, params={"run_id": ids, "metric_key": "m", "max_results": 150}).json()
    assert [(point["run_id"], point["step"]) for point in found["metrics"]] == [
        (id, step) for id, count in zip(ids, (100, 50), strict=True) for step in range(count)
    ]
    some = server.get(
        "metrics/get-history-bulk-interval",
        run_ids=ids,
        metric_key="m",
        start_step=10,
        end_step=30,
        max_results=3,
    )
    assert [point["step"] for point in some["metrics"]] == [10, 20, 30] * 2
    one_end = {"run_ids": ids, "metric_key": "m", "start_step": 1}
    assert server.refused("GET", "metrics/get-history-bulk-interval", params=one_end)[:2] == BAD
    many = {"run_id": ["a" * 32] * 101, "metric_key": "m"}
    assert server.refused("GET", path, params=many)[:2] == BAD


def point(**more: Any) -> dict[str, Any]:
    return {"key": "m", "value": 1.0, "timestamp": 1, **more}


def test_a_batch(server: Server) -> None:
    id = created(server)
    server.post(
        "runs/log-batch",
        run_id=id,
        metrics=[point(step=3), point(key="n", value="NaN")],
        params=[{"key": "p", "value": "1"}],
        tags=[{"key": "t", "value": "2"}],
    )
    data = whole(server, id)["data"]
    assert [(one["key"], one["value"]) for one in data["metrics"]] == [("m", 1.0), ("n", "NaN")]
    assert (texts(data["params"]), texts(data["tags"])["t"]) == ({"p": "1"}, "2")


@pytest.mark.parametrize(
    "wrong",
    [
        {"metrics": [point(key="bad\nkey")]},
        {"metrics": [point(key="a/../b")]},
        {"metrics": [point(key="k" * 251)]},
        {"metrics": [point(value=None)]},
        {"metrics": [point(value="much")]},
        {"metrics": [point(timestamp=-1)]},
        {"metrics": [point(step=1 << 63)]},
        {"metrics": [{"value": 1.0, "timestamp": 1}]},
        {"params": [{"key": "old", "value": "2"}]},
        {"params": [{"key": "same", "value": "1"}, {"key": "same", "value": "2"}]},
        {"tags": [{"value": "no key"}]},
        {"tags": [{"key": "/absolute", "value": ""}]},
    ],
)
def test_one_bad_entity_keeps_the_whole_batch_out(server: Server, wrong: dict[str, Any]) -> None:
    id = created(server)
    server.post("runs/log-parameter", run_id=id, key="old", value="1")
    good: dict[str, Any] = {
        "metrics": [point(key="good")],
        "params": [{"key": "good", "value": "1"}],
        "tags": [{"key": "good", "value": "1"}],
    }
    batch = {name: [*some, *wrong.get(name, [])] for name, some in good.items()}
    assert server.refused("POST", "runs/log-batch", json={"run_id": id, **batch})[:2] == BAD
    data = whole(server, id)["data"]
    assert (
        "metrics" not in data and texts(data["params"]) == {"old": "1"} and "good" not in texts(data["tags"])
    )


def test_limits_of_a_batch(server: Server) -> None:
    id = created(server)
    server.post("runs/log-batch", run_id=id, metrics=[point(step=step) for step in range(1000)])
    refused = server.refused("POST", "runs/log-batch", json={"run_id": id, "metrics": [point()] * 1001})
    message = (
        "A batch logging request can contain at most 1000 metrics. Got 1001 metrics. Please split up metrics"
        " across multiple requests and try again."
    )
    assert refused == (*BAD, message)
    many = [{"key": f"k{n}", "value": ""} for n in range(101)]
    for name in ("params", "tags"):
        assert server.refused("POST", "runs/log-batch", json={"run_id": id, name: many})[:2] == BAD
    most = {"metrics": [point()] * 950, "params": many[:51]}
    assert (
        "metrics, params, and tags"
        in server.refused("POST", "runs/log-batch", json={"run_id": id, **most})[2]
    )


def test_data_sets_and_models_that_were_read(server: Server) -> None:
    id = created(server)
    dataset = {
        "name": "train",
        "digest": "12ab",
        "source_type": "local",
        "source": "{}",
        "schema": "s",
        "profile": "p",
    }
    tags = [{"key": "mlflow.data.context", "value": "training"}]
    server.post(
        "runs/log-inputs",
        run_id=id,
        datasets=[{"tags": tags, "dataset": dataset}],
        models=[{"model_id": "m-1"}],
    )
    run = whole(server, id)
    assert run["inputs"]["dataset_inputs"] == [{"tags": tags, "dataset": dataset}]
    assert run["inputs"]["model_inputs"] == [{"model_id": "m-1"}]
    assert set(texts(run["data"]["tags"])) == {"mlflow.runName"}
    found = server.ask(
        "POST", "/ajax-api/2.0/mlflow/experiments/search-datasets", json={"experiment_ids": ["0"]}
    )
    assert found.json() == {
        "dataset_summaries": [
            {"experiment_id": "0", "name": "train", "digest": "12ab", "context": "training"}
        ]
    }
    assert (
        server.refused(
            "POST", "runs/log-inputs", json={"run_id": id, "datasets": [{"dataset": {"name": "x"}}]}
        )[:2]
        == BAD
    )


def test_a_run_of_our_own(server: Server) -> None:
    """What autolog recorded looks like a run of MLflow's."""
    writer = server.store.create("Default", "LogisticRegression")
    writer.write(
        Params(0, now(), params={"C": 0.1, "penalty": "l2", "verbose": True, "seed": None}),
        Tags(
            0, now(), tags={"autolog.user": "ann", "autolog.script": "train.py", "autolog.git.commit": "abc"}
        ),
    )
    writer.points([("acc", 3, 1000, 0.5)])
    writer.child("fold")
    writer.write(End(0, 2000, status="FINISHED"))
    run = whole(server, writer.id)
    assert (run["info"]["user_id"], run["info"]["status"], run["info"]["end_time"]) == (
        "ann",
        "FINISHED",
        2000,
    )
    assert texts(run["data"]["params"]) == {"C": "0.1", "penalty": "l2", "verbose": "True", "seed": "None"}
    assert run["data"]["metrics"] == [{"key": "acc", "value": 0.5, "timestamp": 1000, "step": 3}]
    tags = texts(run["data"]["tags"])
    assert tags["mlflow.runName"] == "LogisticRegression" and tags["mlflow.user"] == "ann"
    assert tags["mlflow.source.name"] == "train.py" and tags["mlflow.source.git.commit"] == "abc"


def test_what_is_logged_by_hand_is_seen_by_us(server: Server) -> None:
    id = created(server, run_name="by hand")
    server.post("runs/log-metric", run_id=id, key="m", value=2.5, timestamp=7, step=-1)
    found = server.store.get(id)
    assert (found.name, found.metrics) == ("by hand", {"m": 2.5})
    points = server.store.points(id, "m")
    assert (list(points.step), list(points.time), list(points.value)) == ([-1], [7], [2.5])
    assert math.isfinite(points.value[0])
