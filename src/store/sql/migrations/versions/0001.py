"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

INTEGER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

revision = "0001"
down_revision = None


def upgrade() -> None:
    _tables()
    _indexes()


def _tables() -> None:
    op.create_table(
        "arrivals",
        sa.Column("file", INTEGER, primary_key=True, autoincrement=False),
        sa.Column("received", INTEGER, nullable=False),
        sa.Column("seen", INTEGER, nullable=False),
        sa.Column("rest", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "artifacts",
        sa.Column("run", INTEGER, primary_key=True),
        sa.Column("path", TEXT, primary_key=True),
        sa.Column("size", INTEGER, nullable=False),
    )
    op.create_table(
        "bindings",
        sa.Column("file", INTEGER, primary_key=True),
        sa.Column("number", INTEGER, primary_key=True),
        sa.Column("run", INTEGER, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "chunks",
        sa.Column("run", INTEGER, primary_key=True),
        sa.Column("key", TEXT, primary_key=True),
        sa.Column("file", INTEGER, primary_key=True),
        sa.Column("number", INTEGER, primary_key=True),
        sa.Column("length", INTEGER, nullable=False),
        sa.Column("facts", sa.LargeBinary, nullable=False),
        sa.Column("coarse", sa.LargeBinary, nullable=False),
        sa.Column("fine", sa.LargeBinary, nullable=False),
        sa.Column("steps", sa.LargeBinary, nullable=False),
        sa.Column("times", sa.LargeBinary, nullable=False),
        sa.Column("numbers", sa.LargeBinary, nullable=False),
    )
    experiments = op.create_table(
        "experiments",
        sa.Column("id", INTEGER, primary_key=True),
        sa.Column("experiment_id", TEXT, nullable=False, unique=True),
        sa.Column("folder", TEXT, nullable=False, unique=True),
        sa.Column("name", TEXT, nullable=False, unique=True),
        sa.Column("created", INTEGER),
        sa.Column("updated", INTEGER),
        sa.Column("deleted", sa.Boolean, nullable=False),
    )
    always = {"id": 1, "experiment_id": "0", "folder": "Default", "name": "Default", "deleted": False}
    op.bulk_insert(experiments, [always])
    op.create_table(
        "files",
        sa.Column("id", INTEGER, primary_key=True),
        sa.Column("path", TEXT, nullable=False, unique=True),
        sa.Column("offset", INTEGER, nullable=False),
        sa.Column("inode", INTEGER, nullable=False),
        sa.Column("tail", INTEGER, nullable=False),
        sa.Column("writer", TEXT),
        sa.Column("host", TEXT),
        sa.Column("pid", INTEGER),
        sa.Column("born", sa.Float),
        sa.Column("damaged", INTEGER, nullable=False),
    )
    op.create_table(
        "inputs",
        sa.Column("run", INTEGER, primary_key=True),
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("digest", TEXT, primary_key=True),
        sa.Column("context", TEXT, primary_key=True),
        sa.Column("facts", TEXT, nullable=False),
    )
    op.create_table(
        "journal",
        sa.Column("id", INTEGER, primary_key=True),
        sa.Column("file", INTEGER, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "metrics",
        sa.Column("run", INTEGER, primary_key=True),
        sa.Column("key", TEXT, primary_key=True),
        sa.Column("last", sa.Float),
        sa.Column("step", INTEGER, nullable=False),
        sa.Column("time", INTEGER, nullable=False),
        sa.Column("count", INTEGER, nullable=False),
        sa.Column("low", sa.Float),
        sa.Column("high", sa.Float),
        sa.Column("file", INTEGER, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "models",
        sa.Column("run", INTEGER, primary_key=True),
        sa.Column("path", TEXT, primary_key=True),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("flavor", TEXT, nullable=False),
        sa.Column("notes", TEXT, nullable=False),
        sa.Column("time", INTEGER, nullable=False),
    )
    op.create_table(
        "params",
        sa.Column("run", INTEGER, primary_key=True),
        sa.Column("key", TEXT, primary_key=True),
        sa.Column("value", TEXT),
        sa.Column("text", TEXT),
        sa.Column("number", sa.Float),
        sa.Column("time", INTEGER, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "registry_models",
        sa.Column("id", INTEGER, primary_key=True),
        sa.Column("name", TEXT, nullable=False, unique=True),
        sa.Column("highest", INTEGER, nullable=False),
    )
    op.create_table(
        "rewinds",
        sa.Column("run", INTEGER, primary_key=True),
        sa.Column("key", TEXT, primary_key=True),
        sa.Column("file", INTEGER, primary_key=True),
        sa.Column("step", INTEGER, primary_key=True),
        sa.Column("time", INTEGER, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tags",
        sa.Column("run", INTEGER, primary_key=True),
        sa.Column("key", TEXT, primary_key=True),
        sa.Column("value", TEXT, nullable=False),
        sa.Column("number", sa.Float),
        sa.Column("time", INTEGER, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "experiment_tags",
        sa.Column("experiment", INTEGER, sa.ForeignKey("experiments.id"), primary_key=True),
        sa.Column("key", TEXT, primary_key=True),
        sa.Column("value", TEXT, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "registry_events",
        sa.Column("id", INTEGER, primary_key=True),
        sa.Column("model", INTEGER, sa.ForeignKey("registry_models.id"), nullable=False),
        sa.Column("time", INTEGER, nullable=False),
        sa.Column("event", TEXT, nullable=False),
    )
    op.create_table(
        "registry_versions",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("model", INTEGER, sa.ForeignKey("registry_models.id"), nullable=False),
        sa.Column("number", INTEGER, nullable=False),
        sa.Column("event", TEXT, nullable=False),
        sa.UniqueConstraint("model", "number"),
    )
    op.create_table(
        "runs",
        sa.Column("id", INTEGER, primary_key=True),
        sa.Column("run_id", TEXT, nullable=False, unique=True),
        sa.Column("experiment", INTEGER, sa.ForeignKey("experiments.id"), nullable=False),
        sa.Column("parent", TEXT),
        sa.Column("folder", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("begun", sa.Boolean, nullable=False),
        sa.Column("renamed", INTEGER),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("status_time", INTEGER),
        sa.Column("stale", sa.Boolean, nullable=False),
        sa.Column("start_time", INTEGER),
        sa.Column("end_time", INTEGER),
        sa.Column("error", TEXT),
        sa.Column("file", INTEGER),
        sa.Column("deleted", sa.Boolean, nullable=False),
        sa.Column("deleted_time", INTEGER),
    )


def _indexes() -> None:
    op.create_index("metrics_by_last", "metrics", ["key", "last", "run"])
    op.create_index("models_by_id", "models", ["id"])
    op.create_index("params_by_number", "params", ["key", "number", "run"])
    op.create_index("registry_events_by_model", "registry_events", ["model", "time"])
    op.create_index("runs_by_experiment", "runs", ["experiment", "start_time"])
    op.create_index("runs_by_folder", "runs", ["folder"])
    op.create_index("runs_by_parent", "runs", ["parent"])
    op.create_index("runs_by_start", "runs", ["start_time"])
    op.create_index("runs_by_status", "runs", ["status"])
    # PostgreSQL has no place for a long text in an index, and takes its beginning.
    short = op.get_bind().dialect.name == "postgresql"
    for name, table, column in (("params_by_text", "params", "text"), ("tags_by_value", "tags", "value")):
        beginning = sa.func.left(sa.column(column), 200) if short else column
        op.create_index(name, table, ["key", beginning, "run"])
