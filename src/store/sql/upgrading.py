"""Tables of this version: made in a new database, changed in an older one, never in a newer one.

The steps are in ``migrations/versions``, one file a revision, and only go forward.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from ..errors import NotAStore
from .engine import Database
from .registry_tables import metadata
from .schema import HEAD

MIGRATIONS = Path(__file__).parent / "migrations"
VERSIONS = "autolog_version"
"""The table in which Alembic notes the revision. Other programs use its default name."""

_noted = sa.table(VERSIONS, sa.column("version_num"))


def upgrade(database: Database) -> None:
    """Bring the tables to this version, whoever else is about to. Raises NotAStore."""
    if database.read(revision) != HEAD:
        database.write(lambda connection: _upgrade(connection, database))


def revision(connection: sa.Connection) -> str | None:
    """The version of the tables; None without tables. Raises NotAStore for those of others."""
    tables = set(sa.inspect(connection).get_table_names())
    if VERSIONS in tables:
        return connection.scalar(sa.select(_noted.c.version_num))
    others = sorted(tables & metadata.tables.keys())
    if others:
        raise NotAStore(
            f"{connection.engine.url.database} is the database of another program, which has a table "
            f"{others[0]!r}: give the store a database of its own"
        )
    return None


def _upgrade(connection: sa.Connection, database: Database) -> None:
    before = revision(connection)
    if before == HEAD:
        return  # another process did it meanwhile
    known = {script.stem for script in (MIGRATIONS / "versions").glob("[0-9]*.py")}
    if before is not None and before not in known:
        raise NotAStore(
            f"{database.uri} is of a newer version, {before}, and this autolog knows up to {HEAD}: update it"
        )
    if before is not None and database.is_sqlite:
        _back_up(Path(str(database.url.database)), before)
    _run(connection)


def _run(connection: sa.Connection) -> None:
    try:
        from alembic.command import upgrade
        from alembic.config import Config
    except ModuleNotFoundError as error:
        raise NotAStore(
            "a database becomes a store with Alembic: pip install 'autolog-ml[server]'"
        ) from error
    config = Config(attributes={"connection": connection, "version_table": VERSIONS})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    upgrade(config, "head")


def _back_up(path: Path, before: str) -> None:
    """Copy the database while nobody writes; an older copy of the same revision is replaced."""
    target = path.with_name(f"{path.name}.backup-{before}")
    draft = target.with_name(f"{target.name}.{os.getpid()}")
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(draft)) as copy:
        source.backup(copy)
    os.replace(draft, target)
