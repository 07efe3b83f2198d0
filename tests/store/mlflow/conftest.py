"""One MLflow server for all of these tests, empty at the beginning of each, and an empty spool."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from autolog.store.errors import StoreUnavailable
from autolog.store.http import HttpStore, shipper

from .serving import MlflowServer, mlflow_server


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    with mlflow_server(tmp_path_factory.mktemp("mlflow")) as server:
        yield server


@pytest.fixture
def server(running: MlflowServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MlflowServer]:
    monkeypatch.setenv("AUTOLOG_SPOOL", str(tmp_path / "spool"))
    monkeypatch.setattr(shipper, "PAUSE", 0.02)
    running.clear()
    yield running
    for path, one in shipper._shippers.items():
        if path.is_relative_to(tmp_path):  # what is left must not come into the next test
            with suppress(StoreUnavailable):
                one.flush(30)


@pytest.fixture
def store(server: MlflowServer) -> HttpStore:
    return HttpStore(server.address)
