"""Alembic runs this; `upgrading` gives it the connection, and the transaction around it all."""

from __future__ import annotations

from alembic import context

context.configure(**context.config.attributes)
with context.begin_transaction():
    context.run_migrations()
