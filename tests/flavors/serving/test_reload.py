"""A model is exchanged while requests go on."""

from __future__ import annotations

import logging
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from autolog.flavors.serving.service import Service
from autolog.store.folder import FolderStore
from autolog.tracking.active import activate
from autolog.tracking.settings import resolve
from tests.flavors.serving.serving import ONE, Server, linear, running, until

URI = "models:/sums@champion"


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """A store with three versions of a model, of which the first is the champion."""
    activate(resolve(store=str(tmp_path / "runs")))
    store = FolderStore(tmp_path / "runs")
    for factor in (1.0, 10.0, 100.0):
        store.registry.register("sums", Path(linear(tmp_path / str(factor), factor)))
    store.registry.set_alias("sums", "champion", 1)
    return store


def answer(server: Server) -> float:
    response = server.ask(ONE)
    assert response.status_code == 200, response.text
    return round(response.json()["predictions"][0], 6)


def test_an_alias_that_moves_is_followed_and_no_request_fails(store: FolderStore) -> None:
    found: list[float] = []
    enough = threading.Event()

    def ask(server: Server) -> None:
        while not enough.is_set():
            found.append(answer(server))

    with running(Service(URI), look_every=0.05) as server:
        clients = [threading.Thread(target=ask, args=(server,)) for _ in range(3)]
        for client in clients:
            client.start()
        for version, expected in ((2, 20.0), (3, 200.0)):
            store.registry.set_alias("sums", "champion", version)
            until(lambda expected=expected: found and found[-1] == expected)
        enough.set()
        for client in clients:
            client.join()
        assert "autolog_reloads_total 2.0" in server.get("/metrics").text
    assert set(found) <= {2.0, 20.0, 200.0}


@pytest.mark.slow
def test_a_version_that_cannot_be_loaded_changes_nothing(
    store: FolderStore, caplog: pytest.LogCaptureFixture
) -> None:
    broken = store.registry.path(store.registry.version("sums", 2))
    shutil.move(broken / "model.skops", broken / "gone")
    with running(Service(URI), look_every=0.01) as server:
        store.registry.set_alias("sums", "champion", 2)
        until(lambda: _errors(caplog))
        threading.Event().wait(0.2)  # it looks again and again, and says so once
        assert answer(server) == 2.0
        assert [error.getMessage() for error in _errors(caplog)] == [
            f"{URI} cannot be loaded; what was served before goes on"
        ]
        store.registry.set_alias("sums", "champion", 3)
        until(lambda: answer(server) == 200.0)


def test_an_alias_that_is_deleted_changes_nothing(
    store: FolderStore, caplog: pytest.LogCaptureFixture
) -> None:
    with running(Service(URI), look_every=0.01) as server:
        store.registry.delete_alias("sums", "champion")
        until(lambda: _errors(caplog))
        assert answer(server) == 2.0


def test_only_an_alias_moves(store: FolderStore) -> None:
    assert Service(URI).moves
    assert not Service("models:/sums/1").moves


def _errors(caplog: pytest.LogCaptureFixture) -> list[Any]:
    return [record for record in caplog.records if record.levelno >= logging.ERROR]
