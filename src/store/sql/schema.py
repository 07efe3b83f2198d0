"""The tables of a database that is a store: those of an index, and the journal ahead of them."""

from __future__ import annotations

import sqlalchemy as sa

from ..index import schema as index
from ..index.types import INTEGER

HEAD = "0001"
"""The revision of the tables that this version reads and writes; see ``migrations/``."""

metadata = sa.MetaData()

for _table in index.metadata.sorted_tables:
    if _table is not index.about:
        _table.to_metadata(metadata)

# What was written and is not in the tables yet, in the order of each file's rows.
journal = sa.Table(
    "journal",
    metadata,
    sa.Column("id", INTEGER, primary_key=True),
    sa.Column("file", INTEGER, nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
)

# Files that come in from elsewhere, by `Intake`. ``rest`` is the line that has not ended yet.
arrivals = sa.Table(
    "arrivals",
    metadata,
    sa.Column("file", INTEGER, primary_key=True, autoincrement=False),
    sa.Column("received", INTEGER, nullable=False),  # bytes
    sa.Column("seen", INTEGER, nullable=False),  # when something came last, in milliseconds
    sa.Column("rest", sa.LargeBinary, nullable=False, default=b""),
)
