"""Every route, tried with what must not get through."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from autolog.store.folder import FolderStore
from autolog.store.server.routing import endpoints, routed
from autolog.web.guard import Limits
from tests.store.server.serving import BEARER, READING, Server, running

GENERAL = ["/", "/version", "/metrics", "/openapi.json", "/api/3.0/mlflow/server-info"]


def filled(path: str) -> str:
    """A path with something in place of what varies."""
    parts = path.split("{")
    return parts[0] + "".join("1" + part.partition("}")[2] for part in parts[1:])


TABLE = sorted(
    {(endpoint.method, filled(path)) for endpoint, _, paths in endpoints() for path in paths}
    | {(method, filled(path)) for method, path, _ in routed()}
    | {("GET", path) for path in GENERAL}
)
READS = {path for endpoint, _, paths in endpoints() if endpoint.reads for path in paths}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(FolderStore(tmp_path_factory.mktemp("store")), Limits(body=100_000)) as server:
        yield server


def send(
    server: Server, method: str, path: str, headers: dict[str, str], body: Any = None
) -> requests.Response:
    """Without reading on: some routes go on for ever."""
    return requests.request(method, server.url + path, headers=headers, data=body, timeout=30, stream=True)


def statuses(server: Server, headers: dict[str, str], table: Any = TABLE, body: Any = None) -> dict[str, int]:
    found = {}
    for method, path in table:
        with send(server, method, path, headers, body) as response:
            found[f"{method} {path}"] = response.status_code
    return found


def test_the_table_is_there() -> None:
    assert len(TABLE) > 150
    assert {"GET", "POST", "PUT", "PATCH", "DELETE"} == {method for method, _ in TABLE}


@pytest.mark.slow
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic bGV0OndyaXRl"},
        {"Authorization": "Basic ####"},
        {"Cookie": "autolog-00000000=x"},
    ],
)
def test_nobody_gets_in_without_a_token(server: Server, headers: dict[str, str]) -> None:
    assert set(statuses(server, headers).values()) == {401}


def test_a_page_under_another_name_gets_nothing(server: Server) -> None:
    assert set(statuses(server, {**BEARER, "Host": "evil.example"}).values()) == {403}


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
def test_a_page_of_another_server_gets_nothing(server: Server, origin: str) -> None:
    assert set(statuses(server, {**BEARER, "Origin": origin}).values()) == {403}


@pytest.mark.slow
def test_a_token_for_reading_changes_nothing(server: Server) -> None:
    found = statuses(server, {"Authorization": f"Bearer {READING}"})
    for asked, status in found.items():
        method, path = asked.split(" ")
        assert (status == 403) == (method != "GET" and path not in READS), asked


@pytest.mark.slow
def test_bodies_must_be_json(server: Server) -> None:
    table = {
        (endpoint.method, filled(path))
        for endpoint, _, paths in endpoints()
        for path in paths
        if endpoint.method != "GET"
    }
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        found = statuses(server, {**BEARER, "Content-Type": kind}, table, b"{}")
        assert set(found.values()) == {400}
    assert set(statuses(server, {**BEARER, "Content-Encoding": "gzip"}, table, b"{}").values()) == {415}


def test_bodies_have_a_limit(server: Server) -> None:
    table = {
        (endpoint.method, filled(path))
        for endpoint, _, paths in endpoints()
        for path in paths
        if endpoint.method != "GET"
    }
    headers = {**BEARER, "Content-Type": "application/json"}
    assert set(statuses(server, headers, table, b" " * 100_001).values()) == {413}


@pytest.mark.slow
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"1", b'"x"', b"\xff", b"{}", b"[" * 50_000])
def test_what_is_no_request_is_the_clients_mistake(server: Server, body: bytes) -> None:
    headers = {**BEARER, "Content-Type": "application/json"}
    for asked, status in statuses(server, headers, body=body).items():
        assert status < 500 or status == 501, (asked, body[:20])


@pytest.mark.slow
def test_every_answer_tells_browsers_what_they_may_do(server: Server) -> None:
    for method, path in [*TABLE, ("GET", "/nothing"), ("GET", "/health")]:
        with send(server, method, path, BEARER) as response:
            headers = response.headers
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
        assert "default-src" in headers["content-security-policy"] and headers["x-frame-options"] == "DENY"


def test_health_needs_nothing_but_the_right_name(server: Server) -> None:
    assert requests.get(f"{server.url}/health", timeout=30).text == "OK"
    assert (
        requests.get(f"{server.url}/health", headers={"Host": "evil.example"}, timeout=30).status_code == 403
    )


def test_the_document_has_every_route(server: Server) -> None:
    document = json.loads(server.ask("GET", "/openapi.json").content)
    described = {(method.upper(), filled(path)) for path, one in document["paths"].items() for method in one}
    assert described == {(method, path) for method, path in TABLE if path not in GENERAL}
    known = document["components"]["schemas"]
    for reference in set(_references(document)):
        assert reference.rpartition("/")[2] in known


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for part in value.values():
            yield from _references(part)
    if isinstance(value, list):
        for part in value:
            yield from _references(part)
