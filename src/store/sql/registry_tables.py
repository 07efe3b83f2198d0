"""The tables of registered models: their events, and a number for each version."""

from __future__ import annotations

import sqlalchemy as sa

from ..index.types import INTEGER, TEXT
from .schema import metadata

__all__ = ["events", "metadata", "models", "versions"]

models = sa.Table(
    "registry_models",
    metadata,
    sa.Column("id", INTEGER, primary_key=True),
    sa.Column("name", TEXT, nullable=False, unique=True),
    sa.Column("highest", INTEGER, nullable=False, default=0),  # number that was ever given
)

# What happened to a model, as `registry.events` has it, in JSON.
events = sa.Table(
    "registry_events",
    metadata,
    sa.Column("id", INTEGER, primary_key=True),
    sa.Column("model", INTEGER, sa.ForeignKey("registry_models.id"), nullable=False),
    sa.Column("time", INTEGER, nullable=False),
    sa.Column("event", TEXT, nullable=False),
    sa.Index("registry_events_by_model", "model", "time"),
)

# Deleted versions stay here: their numbers are not given again.
versions = sa.Table(
    "registry_versions",
    metadata,
    sa.Column("id", TEXT, primary_key=True),
    sa.Column("model", INTEGER, sa.ForeignKey("registry_models.id"), nullable=False),
    sa.Column("number", INTEGER, nullable=False),
    sa.Column("event", TEXT, nullable=False),
    sa.UniqueConstraint("model", "number"),
)
