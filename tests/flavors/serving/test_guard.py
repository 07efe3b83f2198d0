"""Who may ask, and how much: over a real connection."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from autolog.flavors.serving.guard import Limits
from autolog.web import connections
from autolog.web.guard import LOCAL, hosts_for, is_loopback
from autolog.web.running import read_token
from tests.flavors.serving.serving import ONE, Server, running, serving


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("guarded") / "model"
    with running(serving(folder), Limits(body=1000, seconds=1.0, token="sésame")) as server:
        yield server


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}".encode().decode("latin-1")}


def talk(server: Server, text: bytes) -> bytes:
    """Everything the server answers, until it closes the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(text)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize(
    "name", ["localhost", "127.0.0.1", "127.0.0.1:80", "LOCALHOST:1", "[::1]", "[::1]:5000"]
)
def test_local_names(server: Server, name: str) -> None:
    assert server.get("/ping", Host=name).status_code == 200
    assert server.ask(ONE, Host=name).status_code == 200


@pytest.mark.parametrize(
    "name", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:5000", "[::2]"]
)
def test_a_page_under_another_name_gets_nothing(server: Server, name: str) -> None:
    """DNS rebinding: the browser says the name that the page has."""
    for response in (
        server.ask(ONE, Host=name),
        *(server.get(path, Host=name) for path in ("/ping", "/metrics")),
    ):
        assert (response.status_code, response.json()["error_code"]) == (403, "PERMISSION_DENIED")
        assert name not in response.text


def test_no_name_at_all(server: Server) -> None:
    assert talk(server, b"GET /ping HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 403")


def test_any_name_where_the_address_is_public(tmp_path: Path) -> None:
    with running(serving(tmp_path / "model"), Limits(hosts=hosts_for("0.0.0.0", ()))) as server:
        assert server.get("/ping", Host="model.example").status_code == 200


def test_hosts() -> None:
    assert hosts_for("127.0.0.1", ()) == (*LOCAL, "127.0.0.1")
    assert hosts_for("localhost", ("Box.local",))[-1] == "box.local"
    assert hosts_for("0.0.0.0", ("box",)) == (*LOCAL, "0.0.0.0", "box")
    assert [
        is_loopback(host) for host in ("localhost", "127.9.9.9", "::1", "0.0.0.0", "::", "box", "10.0.0.1")
    ] == [
        True,
        True,
        True,
        False,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        bearer("sesame"),
        bearer(""),
        bearer("sésam"),
        {"Authorization": "Basic abc"},
        {"Authorization": "sésame"},
    ],
)
def test_without_the_token(guarded: Server, headers: dict[str, str]) -> None:
    answers = [
        guarded.ask(ONE, **headers),
        *(guarded.get(path, **headers) for path in ("/metrics", "/openapi.json")),
    ]
    for response in answers:
        assert (response.status_code, response.json()["error_code"]) == (401, "UNAUTHENTICATED")
        assert response.headers["www-authenticate"] == "Bearer"
    for path in ("/ping", "/health", "/version"):
        assert guarded.get(path, **headers).status_code == 200


def test_with_the_token(guarded: Server) -> None:
    assert guarded.ask(ONE, **bearer("sésame")).status_code == 200
    assert guarded.ask(ONE, Authorization=bearer("sésame")["Authorization"].replace("Bearer", "bearer  ")).ok
    assert guarded.get("/metrics", **bearer("sésame")).status_code == 200
    security = guarded.get("/openapi.json", **bearer("sésame")).json()["security"]
    assert security == [{"bearer": []}]


def test_reading_a_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text("abc\n")
    (tmp_path / "empty").write_text("\n")
    assert read_token(str(tmp_path / "token"), "AUTOLOG_SERVE_TOKEN") == "abc"
    assert read_token(None, "AUTOLOG_SERVE_TOKEN") is None
    monkeypatch.setenv("AUTOLOG_SERVE_TOKEN", "def")
    assert read_token(None, "AUTOLOG_SERVE_TOKEN") == "def"
    with pytest.raises(ValueError, match="there is no token in"):
        read_token(str(tmp_path / "empty"), "AUTOLOG_SERVE_TOKEN")


def test_a_body_that_is_too_large(guarded: Server) -> None:
    response = guarded.ask({"inputs": [[1, 2]] * 300}, **bearer("sésame"))
    assert (response.status_code, response.json()["error_code"]) == (413, "REQUEST_TOO_LARGE")
    assert response.json()["message"] == "a request may have 1000 bytes; send less at once"


def head(server: Server, *more: str) -> bytes:
    token = "sésame".encode()
    lines = ["POST /invocations HTTP/1.1", "Host: localhost", "Content-Type: application/json", *more]
    return "\r\n".join(lines).encode() + b"\r\nAuthorization: Bearer " + token + b"\r\n\r\n"


def test_a_body_in_chunks_that_is_too_large(guarded: Server) -> None:
    text = (
        head(guarded, "Transfer-Encoding: chunked")
        + b"200\r\n"
        + b" " * 512
        + b"\r\n200\r\n"
        + b" " * 512
        + b"\r\n"
    )
    with socket.create_connection(("127.0.0.1", guarded.port), timeout=20) as connection:
        connection.sendall(text)
        assert connection.recv(65536).startswith(b"HTTP/1.1 413")  # before the body has an end


@pytest.mark.slow
def test_a_body_that_does_not_come(guarded: Server) -> None:
    answer = talk(guarded, head(guarded, "Content-Length: 100") + b"{")
    assert answer.startswith(b"HTTP/1.1 408") and b"the body took longer than 1 seconds" in answer
    assert guarded.ask(ONE, **bearer("sésame")).status_code == 200


def test_a_client_that_goes_away_in_the_middle(guarded: Server) -> None:
    with socket.create_connection(("127.0.0.1", guarded.port), timeout=20) as connection:
        connection.sendall(head(guarded, "Content-Length: 100") + b"{")
    assert guarded.ask(ONE, **bearer("sésame")).status_code == 200


def test_a_head_that_does_not_end(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)
    assert talk(server, b"") == b""
    assert talk(server, b"GET /ping HTTP/1.1\r\nHost: localhost\r\nX: ") == b""
    monkeypatch.setattr(connections, "HEAD_SECONDS", 60.0)
    monkeypatch.setattr(connections, "HEAD_BYTES", 1000)
    assert talk(server, b"GET /ping HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 2000) == b""
    assert server.get("/ping").status_code == 200


def test_two_requests_on_one_connection(server: Server) -> None:
    request = b"GET /ping HTTP/1.1\r\nHost: localhost\r\n%s\r\n"
    answers = talk(server, request % b"" + request % b"Connection: close\r\n")
    assert answers.count(b"HTTP/1.1 200 OK") == 2


def test_what_is_not_http(server: Server) -> None:
    assert talk(server, b"\x16\x03\x01\x02\x00\r\n\r\n").startswith(b"HTTP/1.1 400")
