"""The database store keeps the contracts, on PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from autolog.store.sql.store import SqlStore
from autolog.testing.intake import IntakeContract
from autolog.testing.store import StoreContract

pytestmark = pytest.mark.slow  # together


class _OnPostgres:
    """Each test has a database of its own."""

    @pytest.fixture(autouse=True)
    def _database(self, postgres_address: str) -> None:
        self.address = postgres_address

    def make_store(self, tmp_path: Path) -> SqlStore:
        return SqlStore(self.address, artifacts=str(tmp_path / "artifacts"))


class TestPostgresStore(_OnPostgres, StoreContract):
    pass


class TestPostgresIntake(_OnPostgres, IntakeContract):
    pass
