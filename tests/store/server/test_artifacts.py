"""Files in and out: names that stay where they belong, ranges, sizes."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from autolog.store.folder import FolderStore
from autolog.web.guard import Limits
from tests.store.server.serving import BEARER, Server, running, until


@pytest.fixture
def server(shared: Server) -> Server:
    return shared


PROXY = "/api/2.0/mlflow-artifacts/artifacts"
BAD = (400, "INVALID_PARAMETER_VALUE")


@pytest.fixture
def run(server: Server) -> str:
    id: str = server.post("runs/create", experiment_id="0")["run"]["info"]["run_id"]
    return id


def put(server: Server, run: str, path: str, data: Any) -> Any:
    return server.ask("PUT", f"{PROXY}/0/{run}/artifacts/{path}", data=data)


def test_a_file_comes_back(server: Server, run: str) -> None:
    assert put(server, run, "sub/h%20ä.bin", b"\0\1\2").status_code == 200
    response = server.ask("GET", f"{PROXY}/0/{run}/artifacts/sub/h%20ä.bin")
    assert (response.content, response.headers["content-type"]) == (b"\0\1\2", "application/octet-stream")
    assert response.headers["content-disposition"] == "attachment; filename*=utf-8''h%20%C3%A4.bin"
    assert "sandbox" in response.headers["content-security-policy"]
    with server.store.artifacts(run).open("sub/h ä.bin") as file:
        assert file.read() == b"\0\1\2"
    page = server.ask("GET", "/get-artifact", params={"run_id": run, "path": "sub/h ä.bin"})
    assert page.content == b"\0\1\2"
    assert server.ask("HEAD", f"{PROXY}/0/{run}/artifacts/sub/h%20ä.bin").headers["content-length"] == "3"


def test_lists(server: Server, run: str) -> None:
    put(server, run, "sub/a.txt", b"12345")
    put(server, run, "b.txt", b"1")
    assert server.get("artifacts/list", run_id=run) == {
        "root_uri": f"mlflow-artifacts:/0/{run}/artifacts",
        "files": [{"path": "b.txt", "is_dir": False, "file_size": 1}, {"path": "sub", "is_dir": True}],
    }
    a = {"is_dir": False, "file_size": 5}
    assert server.get("artifacts/list", run_id=run, path="sub")["files"] == [{"path": "sub/a.txt", **a}]
    proxied = server.ask("GET", PROXY, params={"path": f"0/{run}/artifacts/sub"}).json()
    assert proxied == {"files": [{"path": "a.txt", **a}]}
    assert "files" not in server.get("artifacts/list", run_id=run, path="b.txt")


def test_removing(server: Server, run: str) -> None:
    put(server, run, "a.txt", b"1")
    assert server.ask("DELETE", f"{PROXY}/0/{run}/artifacts/a.txt").json() == {}
    gone = (404, "RESOURCE_DOES_NOT_EXIST")
    assert server.refused("GET", f"{PROXY}/0/{run}/artifacts/a.txt")[:2] == gone
    assert server.refused("DELETE", f"{PROXY}/0/{run}/artifacts/a.txt")[:2] == gone
    assert server.refused("GET", f"{PROXY}/0/{'f' * 32}/artifacts/a.txt")[:2] == gone


@pytest.mark.parametrize(
    ("asked", "status", "content"),
    [
        ("bytes=0-3", 206, b"0123"),
        ("bytes=8-", 206, b"89"),
        ("bytes=-3", 206, b"789"),
        ("bytes=5-999", 206, b"56789"),
        ("bytes=-999", 200, b"0123456789"),
        ("bytes=0-1,3-4", 200, b"0123456789"),
        ("rows=1-2", 200, b"0123456789"),
        ("bytes=10-", 416, b""),
        ("bytes=3-2", 416, b""),
        ("bytes=-0", 416, b""),
    ],
)
def test_ranges(server: Server, run: str, asked: str, status: int, content: bytes) -> None:
    put(server, run, "a", b"0123456789")
    response = server.ask("GET", f"{PROXY}/0/{run}/artifacts/a", headers={"Range": asked})
    assert (response.status_code, response.content) == (status, content)
    if status == 206:
        assert response.headers["content-range"].endswith("/10")


ESCAPES = [
    "../x", "%2e%2e/x", "a/%2e%2e/%2e%2e/x", "..%2fx", "%252e%252e%252fx", "%25252e%25252e/x", "..%5cx",
    "a%5c..%5cx", "%2fetc/passwd", "%252fetc", "C%3a%2fx/..", "nul%00", "nul%2500", "new%0aline", "a/../../x",
    "%2e%2e%2f" * 3, "x" * 256, "/".join(["long"] * 300), ".runs/x",
]  # fmt: skip


def raw(server: Server, method: str, path: str) -> bytes:
    """A request whose path no client library has put in order."""
    head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {BEARER['Authorization']}\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(f"{head}Connection: close\r\nContent-Length: 1\r\n\r\nx".encode())
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize("path", ESCAPES)
def test_names_that_lead_elsewhere(server: Server, run: str, path: str) -> None:
    before = set(server.folder.rglob("*"))
    for method in ("PUT", "GET", "DELETE"):
        answer = raw(server, method, f"{PROXY}/0/{run}/artifacts/{path}")
        assert answer.split(b" ", 2)[1] in (b"400", b"404"), answer
    assert raw(server, "GET", f"/get-artifact?run_id={run}&path={path}").split(b" ", 2)[1] in (b"400", b"404")
    listed = raw(server, "GET", f"/api/2.0/mlflow/artifacts/list?run_id={run}&path={path}")
    assert listed.split(b" ", 2)[1] == b"400" or b'"files"' not in listed
    upload = f"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={run}&path={path}"
    assert raw(server, "POST", upload).split(b" ", 2)[1] == b"400"
    assert raw(server, "GET", f"{PROXY}?path=0/{run}/artifacts/{path}").split(b" ", 2)[1] in (b"400", b"200")
    assert [file for file in server.folder.rglob("*") if file not in before and file.is_file()] == []
    assert "files" not in server.get("artifacts/list", run_id=run)


@pytest.mark.parametrize("path", ["", "0", "x/y", "0/RUN/artifacts", "0/RUN/other/x", "registry/none/1/x"])
def test_places_that_there_are_not(server: Server, run: str, path: str) -> None:
    answer = raw(server, "PUT", f"{PROXY}/{path.replace('RUN', run)}")
    assert answer.split(b" ", 2)[1] in (b"400", b"404", b"405"), answer


def test_a_large_file_takes_no_memory(server: Server, run: str, tmp_path: Path) -> None:
    piece = bytes(range(256)) * 4096
    put(server, run, "large", (piece for _ in range(48))).raise_for_status()
    with server.session.get(
        f"{server.url}{PROXY}/0/{run}/artifacts/large", stream=True, timeout=60
    ) as response:
        assert int(response.headers["content-length"]) == 48 << 20
        assert all(got == piece for got in response.iter_content(1 << 20))


def test_an_upload_that_breaks_off_leaves_nothing(server: Server, run: str) -> None:
    head = f"PUT {PROXY}/0/{run}/artifacts/half HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(f"{head}Authorization: {BEARER['Authorization']}\r\n\r\n".encode() + b"x" * 1000)
        until(lambda: list(server.folder.rglob("*.part")))
    until(lambda: not list(server.folder.rglob("*.part")))
    assert "files" not in server.get("artifacts/list", run_id=run)


@pytest.mark.slow
def test_an_upload_that_stops_coming_is_given_up(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    with running(store, Limits(seconds=0.5)) as server:
        run = server.post("runs/create", experiment_id="0")["run"]["info"]["run_id"]
        head = f"PUT {PROXY}/0/{run}/artifacts/slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n"
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            connection.sendall(f"{head}Authorization: {BEARER['Authorization']}\r\n\r\n".encode() + b"x")
            assert connection.recv(65536).startswith(b"HTTP/1.1 408")
        assert "files" not in server.get("artifacts/list", run_id=run)


def test_uploads_at_once(server: Server, run: str) -> None:
    """One name, several senders: one of them wins, whole."""
    bodies = [bytes([65 + number]) * 300_000 for number in range(4)]

    def send(body: bytes) -> None:
        with Server(server.store, server.port).session as session:
            url = f"{server.url}{PROXY}/0/{run}/artifacts/same"
            assert session.put(url, data=body, timeout=30).status_code == 200

    threads = [threading.Thread(target=send, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.ask("GET", f"{PROXY}/0/{run}/artifacts/same").content in bodies


def test_what_files_on_a_disk_do_not_need(server: Server) -> None:
    for what in ("create", "complete", "abort"):
        refused = server.refused(
            "POST", f"/api/2.0/mlflow-artifacts/mpu/{what}/0/x/artifacts/a", json={"num_parts": 1}
        )
        assert refused[:2] == (501, "NOT_IMPLEMENTED")
    assert server.refused("GET", "/api/2.0/mlflow-artifacts/presigned/0/x/artifacts/a")[0] == 501


def test_a_file_from_a_page(server: Server, run: str) -> None:
    path = f"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={run}&path=a/b.txt"
    assert server.ask("POST", path, data=b"hello").status_code == 200
    assert server.ask("GET", "/get-artifact", params={"run_uuid": run, "path": "a/b.txt"}).content == b"hello"
    refused = server.refused("POST", path, data=b"x" * ((10 << 20) + 1))
    assert refused[:2] == (413, "REQUEST_TOO_LARGE")


def test_a_deleted_run_takes_no_files(server: Server, run: str) -> None:
    server.post("runs/delete", run_id=run)
    assert server.refused("PUT", f"{PROXY}/0/{run}/artifacts/a", data=b"x")[:2] == BAD
