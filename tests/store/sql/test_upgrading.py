"""Making the tables, and changing those of an older version."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import autolog
from autolog.store.errors import NotAStore
from autolog.store.sql import registry_tables, upgrading
from autolog.store.sql.schema import HEAD
from autolog.store.sql.store import SqlStore

from ...test_file_format import plain, rows
from .databases import sqlite_store

ASSETS = Path(__file__).parents[2] / "assets"

_MIGRATION = """
from alembic import op
import sqlalchemy as sa

revision = "0002"
down_revision = "0001"

def upgrade():
    op.add_column("runs", sa.Column("colour", sa.Text))
"""


def test_the_last_migration_makes_the_version_of_the_code() -> None:
    assert ScriptDirectory(str(upgrading.MIGRATIONS)).get_heads() == [HEAD]


def test_the_migrations_make_the_tables_of_the_code(new_address: str) -> None:
    store = SqlStore(new_address)
    with store.database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": upgrading.VERSIONS})
        found = compare_metadata(context, registry_tables.metadata)
    by_text = {"params_by_text", "tags_by_value"}  # of beginnings, on PostgreSQL
    assert [change for change in found if getattr(change[1], "name", "") not in by_text] == []


def test_an_older_database_is_changed_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "store.db"
    old = sqlite_store(path)
    id = old.create("fruit", "apple").id
    old.close()
    _with_a_migration(tmp_path, monkeypatch)
    assert SqlStore(f"sqlite:///{path}").get(id).name == "apple"
    assert "colour" in _columns(path)
    assert "colour" not in _columns(tmp_path / "store.db.backup-0001")
    monkeypatch.undo()
    with pytest.raises(NotAStore, match=r"newer version, 0002, .* up to 0001: update"):
        SqlStore(f"sqlite:///{path}")
    (tmp_path / "store.db.backup-0001").rename(tmp_path / "back.db")
    assert sqlite_store(tmp_path / "back.db").get(id).name == "apple"


def test_a_migration_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "store.db"
    sqlite_store(path).close()
    _with_a_migration(tmp_path, monkeypatch, '\n    op.execute("nonsense")\n')
    with pytest.raises(OSError, match="nonsense"):
        SqlStore(f"sqlite:///{path}")
    monkeypatch.undo()
    assert "colour" not in _columns(path)
    assert sqlite_store(path).search() == []


def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "mlflow.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE runs (id)")
    with pytest.raises(NotAStore, match=r"mlflow\.db is the database of another program, .* 'runs'"):
        SqlStore(f"sqlite:///{path}")
    assert _columns(path) == ["id"]


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello" * 1_000)
    with pytest.raises(NotAStore, match="notes.txt"):
        SqlStore(f"sqlite:///{path}")
    assert path.read_text() == "hello" * 1_000


def _with_a_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: str = "") -> None:
    """The next version of the code, which has one more."""
    import shutil

    folder = tmp_path / "migrations"
    shutil.copytree(upgrading.MIGRATIONS, folder)
    (folder / "versions" / "0002.py").write_text(_MIGRATION + more)
    monkeypatch.setattr(upgrading, "MIGRATIONS", folder)
    monkeypatch.setattr(upgrading, "HEAD", "0002")


def _columns(path: Path) -> list[str]:
    engine = sa.create_engine(f"sqlite:///{path}")
    try:
        return [column["name"] for column in sa.inspect(engine).get_columns("runs")]
    finally:
        engine.dispose()


@pytest.mark.parametrize("release", sorted(file.parent.name for file in ASSETS.glob("*/autolog.db")))
def test_a_database_of_every_release_still_opens(release: str, tmp_path: Path) -> None:
    copy = shutil.copy(ASSETS / release / "autolog.db", tmp_path / "autolog.db")
    store = SqlStore(f"sqlite:///{copy}")
    expected = json.loads((ASSETS / "v1" / "expected.json").read_text())  # it was filled from that store
    runs = autolog.search_runs(store=store.uri)
    assert {run.id: plain(run) for run in runs} == expected["runs"]
    for id, histories in expected["histories"].items():
        for key, points in histories.items():
            assert rows(store.points(id, key)) == points
    assert store.experiments.named("numbers").tags == {"team": "vision"}
    assert store.registry.version_by_alias("fruit", "champion").tags == {"ripe": "yes"}
