"""Any store into any other: the same there, and nothing changes when it is copied again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations
from pathlib import Path

import pytest

from autolog.store.base import Store
from autolog.store.copying import Copying
from autolog.store.folder import FolderStore
from autolog.store.http import HttpStore
from autolog.store.sql.store import SqlStore
from tests.store.copying.filled import everything, fill
from tests.store.http.serving import TOKEN, Server, serving
from tests.store.postgres import Postgres
from tests.store.sql.databases import sqlite_store

Make = Callable[[str, str], Store]

_LOCAL = ("folder", "sqlite")
PAIRS = [
    pytest.param(*pair, marks=[] if set(pair) == {*_LOCAL} else pytest.mark.slow)
    for pair in permutations([*_LOCAL, "server"], 2)
]


@pytest.fixture(scope="module")
def servers() -> Iterator[list[Server]]:
    with serving() as first, serving() as second:
        yield [first, second]


@pytest.fixture
def make(servers: list[Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """An empty store of a kind."""
    monkeypatch.setenv("AUTOLOG_TOKEN", TOKEN)
    monkeypatch.setenv("AUTOLOG_SPOOL", str(tmp_path / "spool"))
    free = list(servers)

    def make(kind: str, name: str) -> Store:
        if kind == "folder":
            return FolderStore(tmp_path / name)
        if kind == "sqlite":
            return sqlite_store(tmp_path / f"{name}.db")
        server = free.pop()
        server.show(tmp_path / name)
        return HttpStore(server.address)

    return make


@pytest.mark.slow
@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_everything_is_there(make: Make, tmp_path: Path, first: str, second: str) -> None:
    source, target = make(first, "source"), make(second, "target")
    fill(source, tmp_path / "model")
    copy_twice(source, target)


@pytest.mark.slow
def test_postgresql_and_back(postgres: Postgres, tmp_path: Path) -> None:
    source = FolderStore(tmp_path / "source")
    fill(source, tmp_path / "model")
    target = SqlStore(postgres.new_database(), str(tmp_path / "artifacts"))
    copy_twice(source, target)
    copy_twice(target, FolderStore(tmp_path / "back"))
    target.close()


def copy_twice(source: Store, target: Store) -> None:
    wanted = everything(source)
    report = Copying(source, target).copy()
    assert (report.failures, report.notes) == ([], [])
    assert everything(target) == wanted
    again = Copying(source, target).copy()
    assert again.failures == []
    assert (again.points, again.files, again.runs.new, again.runs.changed) == (0, 0, 0, 0)
    assert (again.models.new, again.models.changed, again.versions.new) == (0, 0, 0)
    assert (again.experiments.new, again.experiments.changed) == (0, 0)
    assert everything(target) == wanted
