"""The database store keeps the contracts, on SQLite."""

from __future__ import annotations

from pathlib import Path

from autolog.store.sql.store import SqlStore
from autolog.testing.intake import IntakeContract
from autolog.testing.store import StoreContract

from .databases import sqlite_store


class TestSqliteStore(StoreContract):
    def make_store(self, tmp_path: Path) -> SqlStore:
        return sqlite_store(tmp_path / "store.db")


class TestSqliteIntake(IntakeContract):
    def make_store(self, tmp_path: Path) -> SqlStore:
        return sqlite_store(tmp_path / "store.db")
