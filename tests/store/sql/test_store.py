"""What a database store has beside the contract: its addresses, who is stale, what it refuses."""

from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from autolog.store import open_store
from autolog.store.errors import NotAStore, StoreUnavailable
from autolog.store.events import Params, Tags
from autolog.store.folder import FolderStore
from autolog.store.index.schema import files
from autolog.store.sql import applying
from autolog.store.sql.schema import arrivals, journal
from autolog.store.sql.store import SqlStore

from ..postgres import Postgres

T0 = 1_732_345_678_000


def count(store: SqlStore, table: sa.Table) -> int:
    counted = sa.select(sa.func.count()).select_from(table)
    return store.database.read(lambda connection: connection.scalar(counted)) or 0


def fresh(address: str) -> SqlStore:
    """Another one on the same database, which has not looked for processes yet."""
    return SqlStore(address)


# Addresses


def test_relative_and_absolute_paths(tmp_path: Path) -> None:
    store = open_store("sqlite:///one.db")
    assert isinstance(store, SqlStore)
    id = store.create("e", "apple").id
    same = open_store(f"sqlite:///{tmp_path}/one.db")
    assert same.get(id).name == "apple"
    assert store.uri == same.uri == f"sqlite:///{tmp_path}/one.db"


def test_the_password_is_not_shown() -> None:
    with pytest.raises(StoreUnavailable, match=r"postgresql://me:\*\*\*@127\.0\.0\.1:1/x") as refused:
        SqlStore("postgresql://me:secret@127.0.0.1:1/x")
    assert "secret" not in str(refused.value)


@pytest.mark.slow
def test_connections_that_the_server_closed(postgres: Postgres, postgres_address: str) -> None:
    store = SqlStore(postgres_address)
    writer = store.create("e", "x")
    for step in range(3):
        writer.point("loss", step, T0 + step, float(step))
        postgres.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        )
        if step:
            assert list(store.points(writer.id, "loss").step) == list(range(step + 1))


@pytest.mark.parametrize("address", ["sqlite://", "sqlite:///", "postgresql://host", "sqlite+aio:///x.db"])
def test_addresses_of_nothing(address: str) -> None:
    with pytest.raises(NotAStore, match="sqlite:///path.db"):
        SqlStore(address)


def test_a_pickled_store_is_the_same(address: str) -> None:
    store = SqlStore(address)
    id = store.create("e", "apple").id
    assert pickle.loads(pickle.dumps(store)).get(id).name == "apple"


# The journal


def test_a_write_is_one_row_and_reading_takes_it_out(store: SqlStore) -> None:
    writer = store.create("e", "apple")
    writer.points([("loss", step, T0 + step, 0.5) for step in range(1_000)])
    writer.write(Params(run=0, time=T0, params={"a": 1, "b": 2}))
    assert count(store, journal) == 3
    assert len(store.points(writer.id, "loss")) == 1_000
    assert count(store, journal) == 0


def test_a_long_journal_is_applied_in_parts(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(applying, "_ROWS", 7)
    writer = store.create("e", "apple")
    for step in range(100):
        writer.point("loss", step, T0 + step, float(step))
    assert list(store.points(writer.id, "loss").step) == list(range(100))


def test_what_the_database_refuses_costs_only_itself(store: SqlStore) -> None:
    writer = store.create("e", "apple")
    writer.write(
        Tags(run=0, time=T0, tags={"before": "1"}),
        Tags(run=0, time=10**30, tags={"bad": "1"}),
        Tags(run=0, time=T0, tags={"after": "1"}),
    )
    assert store.get(writer.id).tags == {"before": "1", "after": "1"}
    damaged = sa.select(sa.func.sum(files.c.damaged))
    assert store.database.read(lambda connection: connection.scalar(damaged)) == 1


def test_long_texts_that_do_not_shrink(store: SqlStore) -> None:
    writer = store.create("e", "apple")
    text = os.urandom(20_000).hex()
    writer.write(Params(run=0, time=T0, params={"p": text}), Tags(run=0, time=T0, tags={"t": text}))
    run = store.get(writer.id)
    assert (run.params, run.tags) == ({"p": text}, {"t": text})
    (found,) = store.search(f"params.p = '{text}' and tags.t = '{text}'")
    assert found.id == run.id


def test_texts_that_postgresql_cannot_hold(store: SqlStore) -> None:
    text = "a\0b\ufffe0\ufffe\0"
    writer = store.create("e", text)
    writer.write(Tags(run=0, time=T0, tags={text: text}))
    run = store.get(writer.id)
    assert (run.name, run.tags) == (text, {text: text})
    writer.point(text, 0, T0, 0.5)
    assert list(store.points(writer.id, text).value) == [0.5]


# Who is stale

_ENDS_EARLY = "import sys; from autolog import open_store; print(open_store(sys.argv[1]).create('e', 'x').id)"


@pytest.mark.slow
def test_a_run_whose_process_is_gone_is_stale(address: str) -> None:
    command = [sys.executable, "-c", _ENDS_EARLY, address]
    id = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    store = fresh(address)
    assert (store.get(id).status, store.get(id).stale) == ("RUNNING", True)
    assert [run.id for run in store.search("stale = true")] == [id]


def test_a_run_of_a_server_is_not(address: str) -> None:
    lasting = SqlStore(address, lasting=True)
    id = lasting.create("e", "x").id
    lasting.close()
    assert not fresh(address).get(id).stale


def test_a_run_from_elsewhere_is_stale_when_nothing_comes_any_more(address: str, tmp_path: Path) -> None:
    source = FolderStore(tmp_path / "source")
    id = source.create("e", "x").id
    (log,) = source.path.glob("*/*/events-*.jsonl")
    path, data = log.relative_to(source.path).as_posix(), log.read_bytes()
    store = fresh(address)
    store.intake.append(path, 0, data)
    assert not store.get(id).stale
    store.database.write(lambda connection: connection.execute(arrivals.update().values(seen=T0)))
    assert fresh(address).get(id).stale
    store.intake.append(path, len(data), b"")  # a sign of life
    assert not fresh(address).get(id).stale


def test_a_log_of_a_newer_format_is_refused(store: SqlStore) -> None:
    line = b'{"autolog":2,"writer":"w","host":"h","pid":1,"born":null,"time":1}\n'
    with pytest.raises(StoreUnavailable, match="version 2 of the format"):
        store.intake.append("e/run/events-w.jsonl", 0, line)
    assert store.intake.received("e/run") == {}


# Files


def test_files_of_a_sqlite_store_are_beside_it(tmp_path: Path) -> None:
    writer = SqlStore(f"sqlite:///{tmp_path}/store.db").create("e", "x")
    with writer.artifact("a.txt") as path:
        path.write_text("hello")
    (file,) = (tmp_path / "store.db-artifacts").glob("e/*/artifacts/a.txt")
    assert file.read_text() == "hello"


@pytest.mark.slow
def test_where_files_are_must_be_said_of_postgresql(postgres_address: str, tmp_path: Path) -> None:
    writer = SqlStore(postgres_address).create("e", "x")
    with pytest.raises(StoreUnavailable, match=r"\?artifacts="), writer.artifact("a.txt"):
        raise AssertionError("must not come this far")
    said = SqlStore(f"{postgres_address}&artifacts={tmp_path}/files").join(writer.id)
    with said.artifact("a.txt") as path:
        path.write_text("hello")
    assert len(list((tmp_path / "files").glob("e/*/artifacts/a.txt"))) == 1


@pytest.mark.parametrize("place", ["nonsense://x", "hdfs+unknown://x"])
def test_places_for_files_that_nobody_knows(tmp_path: Path, place: str) -> None:
    with pytest.raises(NotAStore, match=re.escape(place)):
        SqlStore(f"sqlite:///{tmp_path}/store.db", artifacts=place)


def test_missing_packages_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without: Any = None
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "psycopg", without)
        with pytest.raises(NotAStore, match=r"pip install 'autolog-ml\[postgresql\]'"):
            SqlStore("postgresql://host/x")
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "alembic.command", without)
        with pytest.raises(NotAStore, match=r"pip install 'autolog-ml\[server\]'"):
            SqlStore(f"sqlite:///{tmp_path}/store.db")
