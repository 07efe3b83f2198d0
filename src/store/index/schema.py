"""The tables that an index consists of.

They hold nothing that the log does not hold: the index is derived, can be deleted at
any time and is built again. The server's database has the same tables.

Times are milliseconds since the epoch. SQL databases disagree about NaN (SQLite stores
NULL), so in every number column here **NULL means NaN**. A run's `id` is the index's
own small integer for joins; `run_id` is the id that users know.
"""

from __future__ import annotations

import sqlalchemy as sa

VERSION = 2
"""Raised when a table changes; an index of another version is thrown away and rebuilt."""

metadata = sa.MetaData()

about = sa.Table(
    "about",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

experiments = sa.Table(
    "experiments",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
)

# How far each log file was read. Committed with the events, so none is applied twice.
files = sa.Table(
    "files",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("path", sa.Text, nullable=False, unique=True),  # relative to the store
    sa.Column("offset", sa.Integer, nullable=False),
    sa.Column("inode", sa.Integer, nullable=False),
    sa.Column("tail", sa.Integer, nullable=False, default=0),  # checksum of the bytes before `offset`
    sa.Column("writer", sa.Text),
    sa.Column("host", sa.Text),
    sa.Column("pid", sa.Integer),
    sa.Column("born", sa.Float),
    sa.Column("damaged", sa.Integer, nullable=False, default=0),  # lines that could not be read
)

# Which run a number in a file stands for. Run 0: a copy of a run that another folder holds.
bindings = sa.Table(
    "bindings",
    metadata,
    sa.Column("file", sa.Integer, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("run", sa.Integer, nullable=False),
    sqlite_with_rowid=False,
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("run_id", sa.Text, nullable=False, unique=True),
    sa.Column("experiment", sa.Integer, sa.ForeignKey("experiments.id"), nullable=False),
    sa.Column("parent", sa.Text),  # the parent's run_id: it may be indexed later than the child
    sa.Column("folder", sa.Text, nullable=False),  # of the top-level run, relative to the store
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("status_time", sa.Integer),  # of the event that set it; null: no more than a start is known
    sa.Column("stale", sa.Boolean, nullable=False, default=False),  # RUNNING, but its process is gone
    sa.Column("start_time", sa.Integer),
    sa.Column("end_time", sa.Integer),
    sa.Column("error", sa.Text),
    sa.Column("file", sa.Integer),  # files.id of the process that runs it, to see whether it lives
    sa.Column("deleted", sa.Boolean, nullable=False, default=False),
    sa.Column("deleted_time", sa.Integer),
    sa.Index("runs_by_parent", "parent"),
    sa.Index("runs_by_experiment", "experiment", "start_time"),
    sa.Index("runs_by_status", "status"),
    sa.Index("runs_by_start", "start_time"),  # the newest first is how runs are listed
    sa.Index("runs_by_folder", "folder"),
)

params = sa.Table(
    "params",
    metadata,
    sa.Column("run", sa.Integer, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", sa.Text),  # JSON scalar: what was logged comes back with its type
    sa.Column("text", sa.Text),  # str() of it: what filters compare and MLflow shows
    sa.Column("number", sa.Float),  # when it is a number or a text that reads as one
    sa.Column("time", sa.Integer, nullable=False, default=0),
    sa.Index("params_by_text", "key", "text", "run"),
    sa.Index("params_by_number", "key", "number", "run"),
    sqlite_with_rowid=False,
)

tags = sa.Table(
    "tags",
    metadata,
    sa.Column("run", sa.Integer, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("time", sa.Integer, nullable=False, default=0),
    sa.Index("tags_by_value", "key", "value", "run"),
    sqlite_with_rowid=False,
)

# One row a metric of a run; `last` is the value logged last. A metric with one point is
# this row alone; the points of all others are in `chunks`.
metrics = sa.Table(
    "metrics",
    metadata,
    sa.Column("run", sa.Integer, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("last", sa.Float),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("time", sa.Integer, nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("low", sa.Float),  # over the values that are no NaN
    sa.Column("high", sa.Float),
    sa.Column("file", sa.Integer, nullable=False, default=0),  # that `last` came from
    sa.Index("metrics_by_last", "key", "last", "run"),
    sqlite_with_rowid=False,
)

# The points themselves, a few thousand to a row; see chunks.py for what the columns hold.
# Each file's points are kept apart, so the order within a file never depends on what
# was indexed first. Short columns first: SQLite reads a row from its beginning.
chunks = sa.Table(
    "chunks",
    metadata,
    sa.Column("run", sa.Integer, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("file", sa.Integer, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("length", sa.Integer, nullable=False),
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
    sa.Column("run", sa.Integer, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("file", sa.Integer, primary_key=True),
    sa.Column("step", sa.Integer, primary_key=True),
    sa.Column("time", sa.Integer, primary_key=True),
    sqlite_with_rowid=False,
)

inputs = sa.Table(
    "inputs",
    metadata,
    sa.Column("run", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("context", sa.Text, primary_key=True),
    sa.Column("facts", sa.Text, nullable=False),  # JSON
)

# The models among the artifacts. `id` is the one that users know, `m-…`.
models = sa.Table(
    "models",
    metadata,
    sa.Column("run", sa.Integer, primary_key=True),
    sa.Column("path", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("flavor", sa.Text, nullable=False),
    sa.Column("notes", sa.Text, nullable=False),  # JSON
    sa.Column("time", sa.Integer, nullable=False),
    sa.Index("models_by_id", "id"),
)

artifacts = sa.Table(
    "artifacts",
    metadata,
    sa.Column("run", sa.Integer, primary_key=True),
    sa.Column("path", sa.Text, primary_key=True),
    sa.Column("size", sa.Integer, nullable=False),
)
