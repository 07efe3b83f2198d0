"""Searching runs in MLflow's words."""

from __future__ import annotations

from typing import Any

import pytest

from autolog.store.folder import FolderStore
from tests.store.server.serving import Server, running


def found(server: Server, filter: str = "", **more: Any) -> list[str]:
    asked = {"experiment_ids": [server.experiment], "filter": filter, **more}  # type: ignore[attr-defined]
    return [run["info"]["run_name"] for run in server.post("runs/search", **asked).get("runs", [])]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Runs a to d: acc 0.1 to 0.4, started one after the other, b nested in a, d deleted."""
    with running(FolderStore(tmp_path_factory.mktemp("store"))) as server:
        experiment = server.post("experiments/create", name="e")["experiment_id"]
        server.experiment = experiment  # type: ignore[attr-defined]
        ids: dict[str, str] = {}
        for number, name in enumerate("abcd", 1):
            tags = [{"key": "mlflow.user", "value": f"user-{name}"}, {"key": "odd key", "value": name}]
            if name == "b":
                tags.append({"key": "mlflow.parentRunId", "value": ids["a"]})
            run = server.post(
                "runs/create", experiment_id=experiment, run_name=name, start_time=number, tags=tags
            )
            ids[name] = run["run"]["info"]["run_id"]
            server.post(
                "runs/log-batch",
                run_id=ids[name],
                metrics=[{"key": "acc", "value": number / 10, "timestamp": 1}],
                params=[{"key": "lr", "value": f"0.{number}"}],
            )
        server.post("runs/update", run_id=ids["c"], status="FINISHED", end_time=99)
        server.post("runs/delete", run_id=ids["d"])
        server.ids = ids  # type: ignore[attr-defined]
        yield server


@pytest.mark.parametrize(
    ("filter", "names"),
    [
        ("", "cba"),
        ("metrics.acc > 0.15", "cb"),
        ("metric.acc >= 0.2 AND params.lr = '0.2'", "b"),
        ("params.lr LIKE '0.%' and attributes.run_name != 'a'", "cb"),
        ("tags.mlflow.runName = 'a'", "a"),
        ("tags.`mlflow.runName` ILIKE 'A'", "a"),
        ("attributes.status = 'FINISHED'", "c"),
        ("status != 'FINISHED'", "ba"),
        ("attributes.user_id = 'user-b'", "b"),
        ("user_id LIKE 'user-%' AND user_id != 'user-c'", "ba"),
        ("tags.mlflow.user = 'user-a'", "a"),
        ("start_time > 1 AND attributes.start_time < 3", "b"),
        ("attribute.end_time = 99", "c"),
        ("tags.\"odd key\" = 'c'", "c"),
        ("tags.none IS NULL", "cba"),
        ("tags.mlflow.parentRunId IS NULL", "ca"),
        ("tags.mlflow.parentRunId IS NOT NULL", "b"),
        ("tags.`odd key` = 'attributes.user_id'", ""),
        ("metrics.acc < 0.15 OR NOT (metrics.acc < 0.25)", "ca"),
    ],
)
def test_filters(server: Server, filter: str, names: str) -> None:
    assert "".join(found(server, filter)) == names


def test_by_ids(server: Any) -> None:
    a, b = server.ids["a"], server.ids["b"]
    assert found(server, f"attributes.run_id IN ('{a}', '{b}')") == ["b", "a"]
    assert found(server, f"tags.mlflow.parentRunId = '{a}'") == ["b"]
    uri = server.get("runs/get", run_id=a)["run"]["info"]["artifact_uri"]
    assert found(server, f"attributes.artifact_uri = '{uri}'") == ["a"]


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("metrics.acc", "abc"),
        ("metrics.`acc` DESC", "cba"),
        ("attributes.start_time ASC", "abc"),
        ("tags.mlflow.runName DESC", "cba"),
        ("tags.none", "cba"),
        ("attributes.user_id", "abc"),
        ("attributes.end_time DESC", "cba"),
    ],
)
def test_orders(server: Server, order: str, names: str) -> None:
    assert "".join(found(server, order_by=[order])) == names


def test_views(server: Server) -> None:
    assert found(server, run_view_type="DELETED_ONLY") == ["d"]
    assert found(server, run_view_type="ALL") == ["d", "c", "b", "a"]


def test_pages(server: Any) -> None:
    asked = {"experiment_ids": [server.experiment], "max_results": 2}
    first = server.post("runs/search", **asked)
    assert [run["info"]["run_name"] for run in first["runs"]] == ["c", "b"]
    rest = server.post("runs/search", **asked, page_token=first["next_page_token"])
    assert [run["info"]["run_name"] for run in rest["runs"]] == ["a"] and "next_page_token" not in rest


def test_no_experiments_have_no_runs(server: Server) -> None:
    assert server.post("runs/search", experiment_ids=[]) == {}


@pytest.mark.parametrize(
    "asked",
    [
        {"filter": "metrics.acc >"},
        {"filter": "nobody = 'x'"},
        {"order_by": ["metrics."]},
        {"max_results": 50_001},
        {"max_results": -1},
        {"page_token": "####"},
        {"experiment_ids": "0"},
        {"run_view_type": "SOME"},
    ],
)
def test_searches_that_are_refused(server: Any, asked: dict[str, Any]) -> None:
    refused = server.refused("POST", "runs/search", json={"experiment_ids": [server.experiment], **asked})
    assert refused[:2] == (400, "INVALID_PARAMETER_VALUE")
