"""Our own API: log bytes, contents of files, files, and live events, as any client may ask for them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from autolog.store.events import End, Metrics
from autolog.store.folder import FolderStore
from autolog.store.server import live

from ..http.serving import TOKEN, Server, serving

BYTES = {"Content-Type": "application/octet-stream"}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def store(server: Server, tmp_path: Path) -> FolderStore:
    server.show(tmp_path / "served")
    return FolderStore(tmp_path / "served")


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {TOKEN}"
        yield session


@pytest.fixture
def address(server: Server, store: FolderStore) -> str:
    return server.address + "/api/autolog"


def test_a_content_comes_in_parts_and_must_be_right(
    session: requests.Session, server: Server, store: FolderStore, address: str
) -> None:
    content = os.urandom(1_000)
    name = hashlib.sha256(content).hexdigest()

    def sent(offset: int, data: bytes) -> tuple[int, Any]:
        query = {"offset": offset, "size": len(content)}
        answer = session.patch(f"{address}/contents/{name}", params=query, data=data, headers=BYTES)
        return answer.status_code, answer.json()

    assert sent(0, content[:300]) == (200, 300)
    assert sent(0, content[:300]) == (200, 300)
    server.show(store.path)  # another server, as after a restart
    status, gap = sent(500, content[500:])
    assert (status, gap["error"], gap["expected"]) == (409, "Gap", 300)
    assert sent(300, b"x" * 700)[0] == 422
    assert sent(100, content[100:])[1]["expected"] == 0  # begun anew
    assert sent(0, content) == (200, 1_000)
    assert sent(0, content) == (200, 1_000)


@pytest.mark.parametrize("sha256", ["x", "A" * 64, "..%2F..%2Fx", "a" * 63])
def test_a_content_has_a_name_that_is_none(session: requests.Session, address: str, sha256: str) -> None:
    url = f"{address}/contents/{sha256}?offset=0&size=1"
    assert session.patch(url, data=b"x", headers=BYTES).status_code in (400, 404)


@pytest.mark.parametrize("path", ["../../x", "/etc/x", "a/../../x", ".runs/x", "a\\b", ""])
def test_a_file_cannot_be_placed_elsewhere(
    session: requests.Session, store: FolderStore, address: str, path: str
) -> None:
    run = store.create("fruit", "apple")
    folder = store.intake.folder(run.id)
    listing = {"is_dir": True, "files": []}
    for asked in (
        {"folder": folder, "run": run.id, "path": path, "listing": listing},
        {"folder": "../..", "run": run.id, "path": "x", "listing": listing},
        {"folder": folder, "run": "../x", "path": "x", "listing": listing},
    ):
        for what in ("place", "discard"):
            answer = session.post(f"{address}/files/{what}", json=asked)
            assert (answer.status_code, answer.json()["error"]) == (400, "InvalidName")


def test_log_bytes_come_once(session: requests.Session, store: FolderStore, address: str) -> None:
    elsewhere = FolderStore(store.path.parent / "elsewhere")
    run = elsewhere.create("fruit", "apple")
    run.points(("loss", step, 1_000 + step, 0.5) for step in range(100))
    (log,) = elsewhere.path.glob("*/*/events-*.jsonl")
    path, data = log.relative_to(elsewhere.path).as_posix(), log.read_bytes()

    def sent(offset: int, piece: bytes) -> Any:
        query = {"path": path, "offset": offset}
        return session.post(f"{address}/intake", params=query, data=piece, headers=BYTES).json()

    assert sent(0, data[:500]) == 500
    assert sent(0, data[:700]) == 700
    assert sent(900, data[900:])["expected"] == 700
    assert sent(600, data[600:]) == len(data)
    received = session.get(f"{address}/intake", params={"folder": path.rpartition("/")[0]}).json()
    assert received == {log.name: len(data)}
    assert list(store.points(run.id, "loss").step) == list(range(100))
    assert session.post(f"{address}/intake", params={"path": "../x/events-a.jsonl"}).status_code in (400, 415)


def test_files_go_in_and_out(session: requests.Session, store: FolderStore, address: str) -> None:
    run = store.create("fruit", "apple")
    url, content = f"{address}/artifacts/{run.id}/a/b.bin", os.urandom(5_000)
    right = {"X-Content-SHA256": hashlib.sha256(content).hexdigest()}
    assert session.put(url, data=content[1:], headers={**BYTES, **right}).status_code == 422
    assert session.get(url).status_code == 404
    assert session.put(url, data=content, headers={**BYTES, **right}).status_code == 200
    assert session.get(url).content == content
    part = session.get(url, headers={"Range": "bytes=1000-1999"})
    assert (part.status_code, part.content) == (206, content[1000:2000])


def test_events_are_told_as_they_come(
    session: requests.Session, store: FolderStore, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "PAUSE", 0.01)
    run = store.create("fruit", "apple")
    run.point("loss", 0, 1_000, 0.5)
    assert session.get(f"{address}/runs/no-such-run/events").status_code == 404
    with session.get(f"{address}/runs/{run.id}/events", stream=True) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = _events(answer.iter_lines())
        assert next(events)[1]["metrics"] == {"loss": 0.5}
        assert next(events) == ("points", _points(0, 0, 1_000, 0.5))
        run.write(Metrics(run=0, time=1_001, step=1, metrics={"loss": "NaN"}))
        found = [next(events), next(events)]
        assert ("points", _points(1, 1, 1_001, "NaN")) in found
        run.write(End(run=0, time=2_000, status="FINISHED"))
        assert next(kind["run"]["status"] for name, kind in events if name == "run") == "FINISHED"


def _points(start: int, step: int, time: int, value: object) -> dict[str, object]:
    return {"key": "loss", "start": start, "step": [step], "time": [time], "value": [value]}


def _events(lines: Iterator[bytes]) -> Iterator[tuple[str, Any]]:
    name = ""
    for line in lines:
        if line.startswith(b"event: "):
            name = line[7:].decode()
        elif line.startswith(b"data: "):
            yield name, json.loads(line[6:])
