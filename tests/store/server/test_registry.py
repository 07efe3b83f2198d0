"""Registered models and their versions over REST, beside what `test_like_mlflow` compares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests

from autolog.store.base import Store
from autolog.store.events import Model
from autolog.store.log import now
from autolog.store.who import user_at_host
from tests.store.server.serving import MLFLOW, TOKEN, Server

MODEL = "m-" + "1f" * 16


@pytest.fixture
def trained(backend: Store) -> str:
    """A run that autolog recorded, with a model of its own; the run's id."""
    run = backend.create("iris", "LogisticRegression")
    with run.artifact("best/model") as folder:
        folder.mkdir()
        (folder / "MLmodel").write_text("flavors: {sklearn: {}}\n")
    run.write(Model(0, now(), id=MODEL, path="best/model", flavor="sklearn"))
    run.close()
    return run.id


def versions(server: Server, **query: object) -> list[str]:
    found = server.get("model-versions/search", **query)
    return [f"{one['name']}/{one['version']}" for one in found.get("model_versions", [])]


def register(server: Server, name: str, source: str, **more: str) -> dict[str, object]:
    version: dict[str, object] = server.post("model-versions/create", name=name, source=source, **more)[
        "model_version"
    ]
    return version


def downloaded(server: Server, uri: str, file: str) -> bytes:
    """What MLflow's client does with the address that it is given."""
    scheme, _, path = uri.partition(":/")
    assert scheme == "mlflow-artifacts"
    names = server.ask("GET", "/api/2.0/mlflow-artifacts/artifacts", params={"path": path}).json()
    assert file in [one["path"] for one in names["files"]]
    response = server.ask("GET", f"/api/2.0/mlflow-artifacts/artifacts/{path}/{file}")
    assert response.status_code == 200
    return response.content


def download_uri(server: Server, name: str, version: str) -> str:
    uri: str = server.get("model-versions/get-download-uri", name=name, version=version)["artifact_uri"]
    return uri


@pytest.mark.parametrize("source", ["runs:/{run}/best/model", f"models:/{MODEL}"])
def test_a_model_of_autologs_is_registered_and_downloaded(server: Server, trained: str, source: str) -> None:
    server.post("registered-models/create", name="fraud")
    version = register(server, "fraud", source.format(run=trained))
    assert (version["source"], version["run_id"]) == (f"runs:/{trained}/best/model", trained)
    uri = download_uri(server, "fraud", "1")
    assert uri.endswith(f"/{trained}/artifacts/best/model")
    assert downloaded(server, uri, "MLmodel") == b"flavors: {sklearn: {}}\n"


def test_a_version_of_copied_files_is_downloaded(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "given"
    folder.mkdir()
    (folder / "weights").write_text("12")
    server.store.registry.register("größer als 1", folder)
    uri = download_uri(server, "größer als 1", "1")
    assert downloaded(server, uri, "weights") == b"12"
    server.post("registered-models/create", name="copy")
    register(server, "copy", "models:/größer als 1/1")
    assert downloaded(server, download_uri(server, "copy", "1"), "weights") == b"12"


def test_versions_of_other_versions(server: Server, trained: str) -> None:
    server.post("registered-models/create", name="fraud")
    server.post("registered-models/create", name="copy")
    register(server, "fraud", f"runs:/{trained}/best/model")
    server.post("registered-models/alias", name="fraud", alias="champion", version="1")
    for source in ("models:/fraud/1", "models:/fraud@champion"):
        copy = register(server, "copy", source)
        assert (copy["source"], copy["run_id"]) == (f"runs:/{trained}/best/model", trained)
    for source, status in (
        ("models:/fraud/7", 404),
        ("models:/fraud/" + "9" * 5000, 400),
        ("models:/none/1", 404),
        ("models:/fraud@none", 400),
    ):
        given = {"name": "copy", "source": source}
        assert server.refused("POST", "model-versions/create", json=given)[0] == status


def test_a_source_that_is_not_there(server: Server) -> None:
    server.post("registered-models/create", name="fraud")
    run = "0123456789abcdef"
    for source in (f"runs:/{run}/model", f"mlflow-artifacts:/1/{run}/artifacts/model", f"models:/{MODEL}"):
        given = {"name": "fraud", "source": source}
        status, code, message = server.refused("POST", "model-versions/create", json=given)
        assert (status, code) == (404, "RESOURCE_DOES_NOT_EXIST"), source
        assert server.store.uri not in message


def test_a_source_that_is_none(server: Server) -> None:
    server.post("registered-models/create", name="fraud")
    for source in (
        *("/etc", "file:///etc", "FILE:/etc", "C:/model", "c:\\model", "model", "./model", ""),
        *(
            "s3://bucket/%252e%252e/x",
            "s3://bucket/..",
            "runs:/",
            "models:/",
            "models:/fraud",
            "models:/a/b/c",
        ),
        *("mlflow-artifacts:/1/2", "mlflow-artifacts:/1/run/artifacts", "mlflow-artifacts:/registry/fraud/1"),
    ):
        given = {"name": "fraud", "source": source}
        refused = server.refused("POST", "model-versions/create", json=given)
        assert refused[:2] == (400, "INVALID_PARAMETER_VALUE"), source
    assert versions(server) == []


def test_what_a_client_says_of_a_source_must_be_true(server: Server, trained: str) -> None:
    server.post("registered-models/create", name="fraud")
    for source, wrong in (
        (f"runs:/{trained}/best/model", {"run_id": "another"}),
        (f"runs:/{trained}/best/model", {"model_id": MODEL}),
        (f"models:/{MODEL}", {"model_id": MODEL.replace("f", "e")}),
    ):
        given = {"name": "fraud", "source": source, **wrong}
        assert server.refused("POST", "model-versions/create", json=given)[0] == 400
    assert versions(server) == []


def test_a_model_is_found_by_its_run(server: Server, trained: str) -> None:
    """The run of a model that MLflow's client logged is the one that it came from."""
    experiment = server.get("experiments/get-by-name", experiment_name="iris")["experiment"]["experiment_id"]
    made = server.post("logged-models", experiment_id=experiment, name="lm", source_run_id=trained)
    id = made["model"]["info"]["model_id"]
    path = f"/api/2.0/mlflow-artifacts/artifacts/{experiment}/models/{id}/artifacts/MLmodel"
    assert server.ask("PUT", path, data=b"flavors: {}").status_code == 200
    server.post("registered-models/create", name="fraud")
    version = register(server, "fraud", f"models:/{id}", model_id=id)
    assert (version["source"], version["run_id"]) == (f"models:/{id}", trained)
    again = register(server, "fraud", f"runs:/{id}/model")
    assert (again["source"], again["run_id"]) == (f"models:/{id}", trained)
    server.ask("DELETE", f"{MLFLOW}/model-versions/delete", json={"name": "fraud", "version": "2"})
    assert versions(server, filter=f"run_id = '{trained}'") == ["fraud/1"]
    assert versions(server, filter=f"source_path = 'models:/{id}'") == ["fraud/1"]
    assert downloaded(server, download_uri(server, "fraud", "1"), "MLmodel") == b"flavors: {}"


@pytest.mark.slow
def test_search_goes_through_pages(server: Server) -> None:
    for name in "abc":
        server.post("registered-models/create", name=name)
        for number in range(3):
            register(server, name, f"s3://bucket/{number}")
    seen: list[str] = []
    token = ""
    while True:
        page = server.get("model-versions/search", max_results=4, order_by="name DESC", page_token=token)
        seen += [f"{one['name']}/{one['version']}" for one in page["model_versions"]]
        token = page.get("next_page_token", "")
        if not token:
            break
    assert seen == [f"{name}/{number}" for name in "cba" for number in (3, 2, 1)]


def test_an_unknown_alias_is_a_wrong_parameter(server: Server) -> None:
    server.post("registered-models/create", name="fraud")
    refused = server.refused("GET", "registered-models/alias", params={"name": "fraud", "alias": "none"})
    assert refused == (400, "INVALID_PARAMETER_VALUE", "Registered model alias none not found.")


def test_deleting_asks_no_question(server: Server) -> None:
    server.post("registered-models/create", name="fraud")
    register(server, "fraud", "s3://bucket/1")
    server.post("registered-models/alias", name="fraud", alias="champion", version="1")
    gone = server.ask("DELETE", f"{MLFLOW}/registered-models/delete", json={"name": "fraud"})
    assert (gone.status_code, gone.json()) == (200, {})
    assert versions(server) == []


def test_what_autolog_did_is_seen(server: Server) -> None:
    registry = server.store.registry
    registry.register("fraud", "s3://bucket/1", tags={"a": "1"})
    registry.set_alias("fraud", "champion", 1)
    found = server.get("registered-models/get", name="fraud")["registered_model"]
    assert found["aliases"] == [{"alias": "champion", "version": "1"}]
    assert found["latest_versions"][0]["tags"] == [{"key": "a", "value": "1"}]
    server.post("registered-models/alias", name="fraud", alias="other", version="1")
    assert registry.version("fraud", 1).aliases == ("champion", "other")


def test_a_run_link_is_no_tag(server: Server) -> None:
    server.post("registered-models/create", name="fraud")
    version = register(server, "fraud", "s3://bucket/1", run_link="https://elsewhere/run")
    assert version["run_link"] == "https://elsewhere/run"
    assert "tags" not in version


def test_a_number_that_is_none(server: Server) -> None:
    server.post("registered-models/create", name="fraud")
    for version, status in (("x", 400), ("1.0", 400), ("99", 404), ("9" * 5000, 400), ("²", 400)):
        given = {"name": "fraud", "version": version}
        response: requests.Response = server.ask("GET", f"{MLFLOW}/model-versions/get", params=given)
        assert response.status_code == status, version


@pytest.mark.parametrize(
    ("given", "by"),
    [
        ({"headers": {"X-Autolog-User": "j%C3%BCrgen@lab"}}, "jürgen@lab"),
        ({"auth": ("ann", TOKEN)}, "ann@127.0.0.1"),
        ({}, "unknown@127.0.0.1"),
        ({"headers": {"X-Autolog-User": "two%0Alines"}}, "unknown@127.0.0.1"),
        ({"headers": {"X-Autolog-User": "x" * 201}}, "unknown@127.0.0.1"),
    ],
)
def test_who_made_a_model(server: Server, given: dict[str, Any], by: str) -> None:
    path = f"{MLFLOW}/registered-models/create"
    assert server.ask("POST", path, json={"name": "fraud"}, **given).status_code == 200
    assert server.store.registry.get("fraud").by == by


def test_who_changes_a_model_here(server: Server) -> None:
    """Another's name stays with the other's request."""
    server.post("registered-models/create", name="fraud")
    server.store.registry.update("fraud", description="ours")
    assert server.store.registry.create("other").by == user_at_host()
