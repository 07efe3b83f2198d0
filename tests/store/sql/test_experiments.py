"""The experiments of the database store keep the contract; processes that create them at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from autolog.store.sql.store import SqlStore
from autolog.testing.experiments import ExperimentsContract

from ..together import CREATE, printed_by
from .databases import sqlite_store


class TestSqliteExperiments(ExperimentsContract):
    def make_store(self, tmp_path: Path) -> SqlStore:
        return sqlite_store(tmp_path / "store.db")


@pytest.mark.slow  # together
class TestPostgresExperiments(ExperimentsContract):
    @pytest.fixture(autouse=True)
    def _database(self, postgres_address: str) -> None:
        self.address = postgres_address

    def make_store(self, tmp_path: Path) -> SqlStore:
        return SqlStore(self.address, artifacts=str(tmp_path / "artifacts"))


@pytest.mark.slow
def test_processes_create_each_experiment_once(address: str) -> None:
    made = printed_by(4, CREATE, address)
    assert sorted(name for names in made for name in names) == sorted(f"e{number}" for number in range(20))
