"""The registry of the folder store keeps the contract."""

from __future__ import annotations

from pathlib import Path

from autolog.store.folder import FolderStore
from autolog.testing.registry import RegistryContract


class TestFolderRegistry(RegistryContract):
    def make_store(self, tmp_path: Path) -> FolderStore:
        return FolderStore(tmp_path / "store")
