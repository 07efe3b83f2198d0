"""The stores that a server is tried on, and a server over each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from autolog.store.base import Store
from autolog.store.folder import FolderStore
from tests.store.server.serving import Server, running

KINDS = ["folder", pytest.param("sqlite", marks=pytest.mark.slow)]


def opened(kind: str, folder: Path) -> Store:
    """A new store, everything of which lies in ``folder``."""
    if kind == "folder":
        return FolderStore(folder / "store")
    from autolog.store.sql.store import SqlStore

    return SqlStore(f"sqlite:///{folder}/store.db", str(folder / "files"), lasting=True)


@pytest.fixture(params=KINDS)
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return opened(request.param, tmp_path)


@pytest.fixture
def server(backend: Store) -> Iterator[Server]:
    with running(backend) as server:
        yield server


@pytest.fixture(params=KINDS, scope="module")
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests of a module that do not mind what others left there."""
    folder = tmp_path_factory.mktemp("server")
    with running(opened(request.param, folder)) as server:
        server.folder = folder
        yield server
