"""The tables that an index consists of.

They hold nothing that the log does not hold: the index is derived, can be deleted at
any time and is built again. The server's database has the same tables.

Times are milliseconds since the epoch. SQL databases disagree about NaN (SQLite stores
NULL), so in every number column here **NULL means NaN**. A run's `id` is the index's
own small integer for joins; `run_id` is the id that users know.
"""

from __future__ import annotations

import sqlalchemy as sa

from .types import INTEGER, TEXT

VERSION = 3
"""Raised when a table changes; an index of another version is thrown away and rebuilt."""

metadata = sa.MetaData()

about = sa.Table(
    "about",
    metadata,
    sa.Column("key", TEXT, primary_key=True),
    sa.Column("value", TEXT, nullable=False),
)

experiments = sa.Table(
    "experiments",
    metadata,
    sa.Column("id", INTEGER, primary_key=True),
    sa.Column("experiment_id", TEXT, nullable=False, unique=True),  # that users know
    sa.Column("folder", TEXT, nullable=False, unique=True),  # stays when the name changes
    sa.Column("name", TEXT, nullable=False, unique=True),
    sa.Column("created", INTEGER),  # null: when its first run did
    sa.Column("updated", INTEGER),
    sa.Column("deleted", sa.Boolean, nullable=False, default=False),
)

# Only those of a database: a folder store's experiments keep theirs in files of their own.
experiment_tags = sa.Table(
    "experiment_tags",
    metadata,
    sa.Column("experiment", INTEGER, sa.ForeignKey("experiments.id"), primary_key=True),
    sa.Column("key", TEXT, primary_key=True),
    sa.Column("value", TEXT, nullable=False),
    sqlite_with_rowid=False,
)

# How far each log file was read. Committed with the events, so none is applied twice.
files = sa.Table(
    "files",
    metadata,
    sa.Column("id", INTEGER, primary_key=True),
    sa.Column("path", TEXT, nullable=False, unique=True),  # relative to the store
    sa.Column("offset", INTEGER, nullable=False),
    sa.Column("inode", INTEGER, nullable=False),
    sa.Column("tail", INTEGER, nullable=False, default=0),  # checksum of the bytes before `offset`
    sa.Column("writer", TEXT),
    sa.Column("host", TEXT),
    sa.Column("pid", INTEGER),
    sa.Column("born", sa.Float),
    sa.Column("damaged", INTEGER, nullable=False, default=0),  # lines that could not be read
)

# Which run a number in a file stands for. Run 0: a copy of a run that another folder holds.
bindings = sa.Table(
    "bindings",
    metadata,
    sa.Column("file", INTEGER, primary_key=True),
    sa.Column("number", INTEGER, primary_key=True),
    sa.Column("run", INTEGER, nullable=False),
    sqlite_with_rowid=False,
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", INTEGER, primary_key=True),
    sa.Column("run_id", TEXT, nullable=False, unique=True),
    sa.Column("experiment", INTEGER, sa.ForeignKey("experiments.id"), nullable=False),
    sa.Column("parent", TEXT),  # the parent's run_id: it may be indexed later than the child
    sa.Column("folder", TEXT, nullable=False),  # of the top-level run, relative to the store
    sa.Column("name", TEXT, nullable=False),
    sa.Column("kind", TEXT, nullable=False, default="run"),
    sa.Column("begun", sa.Boolean, nullable=False, default=False),  # a start of it was seen
    sa.Column("renamed", INTEGER),  # the time of the `Name` that it is called by
    sa.Column("status", TEXT, nullable=False),
    sa.Column("status_time", INTEGER),  # of the event that set it; null: no more than a start is known
    sa.Column("stale", sa.Boolean, nullable=False, default=False),  # RUNNING, but its process is gone
    sa.Column("start_time", INTEGER),
    sa.Column("end_time", INTEGER),
    sa.Column("error", TEXT),
    sa.Column("file", INTEGER),  # files.id of the process that runs it, to see whether it lives
    sa.Column("deleted", sa.Boolean, nullable=False, default=False),
    sa.Column("deleted_time", INTEGER),
    sa.Index("runs_by_parent", "parent"),
    sa.Index("runs_by_experiment", "experiment", "start_time"),
    sa.Index("runs_by_status", "status"),
    sa.Index("runs_by_start", "start_time"),  # the newest first is how runs are listed
    sa.Index("runs_by_folder", "folder"),
)

params = sa.Table(
    "params",
    metadata,
    sa.Column("run", INTEGER, primary_key=True),
    sa.Column("key", TEXT, primary_key=True),
    sa.Column("value", TEXT),  # JSON scalar: what was logged comes back with its type
    sa.Column("text", TEXT),  # str() of it: what filters compare and MLflow shows
    sa.Column("number", sa.Float),  # when it is a number or a text that reads as one
    sa.Column("time", INTEGER, nullable=False, default=0),
    sa.Index("params_by_text", "key", "text", "run"),
    sa.Index("params_by_number", "key", "number", "run"),
    sqlite_with_rowid=False,
)

tags = sa.Table(
    "tags",
    metadata,
    sa.Column("run", INTEGER, primary_key=True),
    sa.Column("key", TEXT, primary_key=True),
    sa.Column("value", TEXT, nullable=False),
    sa.Column("number", sa.Float),  # when it reads as one
    sa.Column("time", INTEGER, nullable=False, default=0),
    sa.Index("tags_by_value", "key", "value", "run"),
    sqlite_with_rowid=False,
)

# One row a metric of a run; `last` is the value logged last. A metric with one point is
# this row alone; the points of all others are in `chunks`.
metrics = sa.Table(
    "metrics",
    metadata,
    sa.Column("run", INTEGER, primary_key=True),
    sa.Column("key", TEXT, primary_key=True),
    sa.Column("last", sa.Float),
    sa.Column("step", INTEGER, nullable=False),
    sa.Column("time", INTEGER, nullable=False),
    sa.Column("count", INTEGER, nullable=False),
    sa.Column("low", sa.Float),  # over the values that are no NaN
    sa.Column("high", sa.Float),
    sa.Column("file", INTEGER, nullable=False, default=0),  # that `last` came from
    sa.Index("metrics_by_last", "key", "last", "run"),
    sqlite_with_rowid=False,
)

# The points themselves, a few thousand to a row; see chunks.py for what the columns hold.
# Each file's points are kept apart, so the order within a file never depends on what
# was indexed first. Short columns first: SQLite reads a row from its beginning.
chunks = sa.Table(
    "chunks",
    metadata,
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

# What `Rewind` events voided, for points that are indexed after them.
rewinds = sa.Table(
    "rewinds",
    metadata,
    sa.Column("run", INTEGER, primary_key=True),
    sa.Column("key", TEXT, primary_key=True),
    sa.Column("file", INTEGER, primary_key=True),
    sa.Column("step", INTEGER, primary_key=True),
    sa.Column("time", INTEGER, primary_key=True),
    sqlite_with_rowid=False,
)

inputs = sa.Table(
    "inputs",
    metadata,
    sa.Column("run", INTEGER, primary_key=True),
    sa.Column("name", TEXT, primary_key=True),
    sa.Column("digest", TEXT, primary_key=True),
    sa.Column("context", TEXT, primary_key=True),
    sa.Column("facts", TEXT, nullable=False),  # JSON
)

# The models among the artifacts. `id` is the one that users know, `m-…`.
models = sa.Table(
    "models",
    metadata,
    sa.Column("run", INTEGER, primary_key=True),
    sa.Column("path", TEXT, primary_key=True),
    sa.Column("id", TEXT, nullable=False),
    sa.Column("flavor", TEXT, nullable=False),
    sa.Column("notes", TEXT, nullable=False),  # JSON
    sa.Column("time", INTEGER, nullable=False),
    sa.Index("models_by_id", "id"),
)

artifacts = sa.Table(
    "artifacts",
    metadata,
    sa.Column("run", INTEGER, primary_key=True),
    sa.Column("path", TEXT, primary_key=True),
    sa.Column("size", INTEGER, nullable=False),
)
