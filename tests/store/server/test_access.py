"""Ways in beside the bearer token, what is logged and counted, and what an error tells."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from autolog.store.folder import FolderStore
from autolog.store.server.guard import Tokens
from tests.store.server.serving import MLFLOW, READING, TOKEN, Server, running, until

SEE = "See the API docs for more information about request parameters."


@pytest.fixture
def server(shared: Server) -> Server:
    return shared


def test_basic_authentication_with_the_token_as_password(server: Server) -> None:
    url = f"{server.url}{MLFLOW}/experiments/get?experiment_id=0"
    for user in ("", "anybody"):
        assert requests.get(url, auth=(user, TOKEN), timeout=30).status_code == 200
    assert requests.get(url, auth=(TOKEN, "wrong"), timeout=30).status_code == 401


@pytest.mark.parametrize("token", [TOKEN, READING])
def test_a_browser_comes_by_the_link(server: Server, token: str) -> None:
    session = requests.Session()
    response = session.get(f"{server.url}/login", params={"token": token}, timeout=30)
    assert (response.status_code, response.url) == (200, f"{server.url}/")
    cookie = response.history[0].headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie and token not in cookie
    assert session.get(f"{server.url}{MLFLOW}/experiments/get?experiment_id=0", timeout=30).status_code == 200
    created = session.post(f"{server.url}{MLFLOW}/experiments/create", json={"name": "e"}, timeout=30)
    assert created.status_code == (200 if token == TOKEN else 403)
    session.close()


def test_a_link_with_another_token(server: Server) -> None:
    for token in ("", "wrong"):
        response = requests.get(f"{server.url}/login", params={"token": token}, timeout=30)
        assert response.status_code == 401 and "set-cookie" not in response.headers


def test_tokens_say_nothing_of_themselves() -> None:
    assert "secret" not in repr(Tokens(("secret",), ("secret-too",)))


def test_names_in_camel_case_and_nulls(server: Server) -> None:
    body = {"experimentId": "0", "runName": "camel", "startTime": "17", "tags": None, "unknown": {"x": 1}}
    run = server.post("runs/create", **body)["run"]["info"]
    assert (run["run_name"], run["start_time"]) == ("camel", 17)
    both = {"experiment_id": "0", "experimentId": "0"}
    assert (
        server.refused("POST", "runs/create", json=both)[2]
        == "'experiment_id' is given twice, also as 'experimentId'"
    )
    assert server.get("runs/get", runId=run["run_id"])["run"]["info"] == run


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            '{"experiment_id": 5}',
            "Invalid value for parameter 'experiment_id' supplied: expected `str | null`, got `int`",
        ),
        (
            '{"tags": [{"key": 1}]}',
            "Invalid value for parameter 'tags[0].key' supplied: expected `str`, got `int`",
        ),
        (
            '{"tags": [{}]}',
            f"Missing value for required parameter 'key'. {SEE}",
        ),
        (
            '{"start_time": "soon"}',
            "Invalid value for parameter 'start_time' supplied: expected `int | null`, got `str`",
        ),
        ("[]", "the body must be a JSON object"),
        ('{"a": ', "the body is not JSON: Expecting value: line 1 column 7 (char 6)"),
    ],
)
def test_what_is_wrong_with_a_body(server: Server, body: str, message: str) -> None:
    refused = server.refused("POST", "runs/create", data=body, headers={"Content-Type": "application/json"})
    assert refused == (400, "INVALID_PARAMETER_VALUE", message)


def test_half_a_character_is_none(server: Server) -> None:
    for body in (r'{"run_name": "\ud800"}', r'{"runName": "\uD800", "tags": null}'):
        refused = server.refused(
            "POST", "runs/create", data=body, headers={"Content-Type": "application/json"}
        )
        assert refused[:2] == (400, "INVALID_PARAMETER_VALUE")


def test_paths_and_methods_that_there_are_not(server: Server) -> None:
    assert server.refused("GET", "/nothing") == (404, "ENDPOINT_NOT_FOUND", "there is nothing at this path")
    response = server.ask("PUT", f"{MLFLOW}/runs/create", json={})
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert response.json()["error_code"] == "METHOD_NOT_ALLOWED"
    assert server.ask("GET", "/api/autolog/nothing").json()["error"] == "ENDPOINT_NOT_FOUND"


def test_the_access_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "autolog.access")
    with running(FolderStore(tmp_path / "store")) as server:
        server.get("experiments/get", experiment_id="0")
        server.ask("GET", "/api/2.0/mlflow-artifacts/artifacts/0/secret/artifacts/x")
        requests.get(f"{server.url}/login", params={"token": TOKEN}, timeout=30, allow_redirects=False)
    lines = [json.loads(record.getMessage()) for record in caplog.records if record.name == "autolog.access"]
    assert [(line["method"], line["route"], line["status"]) for line in lines] == [
        ("GET", "/api/2.0/mlflow/experiments/get", 200),
        ("GET", "/api/2.0/mlflow-artifacts/artifacts/{path:path}", 404),
        ("GET", "/login", 303),
    ]
    assert all(line["ms"] >= 0 and line["bytes"] >= 0 for line in lines)
    assert TOKEN not in caplog.text and "secret" not in caplog.text


def counted(server: Server) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(server.ask("GET", "/metrics").text)
    samples = (sample for family in families for sample in family.samples)
    return {(sample.name, *sample.labels.values()): sample.value for sample in samples}


def test_counters(tmp_path: Path) -> None:
    route, name = "/api/2.0/mlflow/experiments/get", "autolog_server_requests_total"
    with running(FolderStore(tmp_path / "store")) as server:
        for _ in range(3):
            server.get("experiments/get", experiment_id="0")
        server.ask("GET", "/nothing")
        until(lambda: (name, "GET", "-", "404") in counted(server))  # a request is counted after its answer
        samples = counted(server)
    assert samples[name, "GET", route, "200"] == 3 and samples[name, "GET", "-", "404"] == 1
    assert samples["autolog_server_request_seconds_count", route] == 3


class Broken(FolderStore):
    """A store with a mistake in it."""

    def get(self, id: str, *, deleted: bool = False) -> Any:
        raise RuntimeError("the password is hunter2")


def test_a_mistake_of_ours_is_a_number(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with running(Broken(tmp_path / "store")) as server:
        status, code, message = server.refused("GET", f"runs/get?run_id={'a' * 32}")
    number = re.fullmatch(
        r"the server failed on this request \(error ([0-9a-f]{8}) in the server's log\)", message
    )
    assert (status, code) == (500, "INTERNAL_ERROR") and number is not None
    assert f"error {number[1]}" in caplog.text and "hunter2" in caplog.text


def test_a_mistake_under_our_own_path(tmp_path: Path) -> None:
    with running(Broken(tmp_path / "store")) as server:
        error = server.ask("GET", "/api/autolog/runs/get", params={"id": "a" * 16}).json()
    assert "hunter2" not in str(error) and set(error) == {"error", "message"}


def test_a_stream_of_events_does_not_keep_the_server_from_stopping(tmp_path: Path) -> None:
    with running(FolderStore(tmp_path / "store")) as server:
        run = server.post("runs/create", experiment_id="0")["run"]["info"]["run_id"]
        stream = server.session.get(f"{server.url}/api/autolog/runs/{run}/events", stream=True, timeout=30)
        assert next(stream.iter_lines())
    stream.close()
