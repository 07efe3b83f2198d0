"""The store on a server keeps the contracts: a server in this process, and one of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autolog.store.http import HttpStore
from autolog.store.sql.store import SqlStore
from autolog.testing.experiments import ExperimentsContract
from autolog.testing.registry import RegistryContract
from autolog.testing.store import StoreContract

from .serving import TOKEN, Server, serving


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


class Served:
    """An empty folder behind the server for each test, and an empty spool before it."""

    @pytest.fixture(autouse=True)
    def served(self, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AUTOLOG_TOKEN", TOKEN)
        monkeypatch.setenv("AUTOLOG_SPOOL", str(tmp_path / "spool"))
        server.show(tmp_path / "served")
        self.address = server.address

    def make_store(self, tmp_path: Path) -> HttpStore:
        return HttpStore(self.address)


@pytest.mark.slow  # all of it together
class TestHttpStore(Served, StoreContract):
    pass


@pytest.mark.slow
class TestHttpRegistry(Served, RegistryContract):
    pass


@pytest.mark.slow
class TestHttpExperiments(Served, ExperimentsContract):
    pass


@pytest.mark.slow
class TestHttpStoreOnSqlite(Served, StoreContract):
    @pytest.fixture(autouse=True)
    def database(self, served: None, server: Server, tmp_path: Path) -> Iterator[None]:
        store = SqlStore(f"sqlite:///{tmp_path / 'autolog.db'}", lasting=True)
        server.show(store)
        yield
        store.close()


COMMAND = [sys.executable, "-c", "import sys; from autolog.cli import main; sys.exit(main())"]


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a server process, and the folder that it serves."""
    folder = tmp_path_factory.mktemp("process") / "store"
    with subprocess.Popen(
        [*COMMAND, "server", "--store", str(folder), "--port", "0"],
        env={**os.environ, "AUTOLOG_TOKEN": TOKEN},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stdout is not None
        yield server.stdout.readline().split()[0].removeprefix("url="), folder
        server.terminate()


@pytest.mark.slow
class TestHttpStoreOfAProcess(StoreContract):
    @pytest.fixture(autouse=True)
    def served(
        self, process: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[None]:
        """The folder is emptied under the server's hands, and it goes on."""
        monkeypatch.setenv("AUTOLOG_TOKEN", TOKEN)
        monkeypatch.setenv("AUTOLOG_SPOOL", str(tmp_path / "spool"))
        self.address, folder = process
        yield
        shutil.rmtree(folder, ignore_errors=True)  # nothing is there when a test wrote nothing

    def make_store(self, tmp_path: Path) -> HttpStore:
        return HttpStore(self.address)
