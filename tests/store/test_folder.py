"""The folder store keeps the contract."""

from __future__ import annotations

from pathlib import Path

from autolog.store.folder import FolderStore
from autolog.testing.intake import IntakeContract
from autolog.testing.store import StoreContract


class TestFolderStore(StoreContract):
    def make_store(self, tmp_path: Path) -> FolderStore:
        return FolderStore(tmp_path / "store")


class TestFolderIntake(IntakeContract):
    def make_store(self, tmp_path: Path) -> FolderStore:
        return FolderStore(tmp_path / "store")
