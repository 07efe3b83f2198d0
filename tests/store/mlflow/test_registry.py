"""The registry of an MLflow server keeps the contract, but for what MLflow cannot keep."""

from __future__ import annotations

from pathlib import Path

import pytest

from autolog.store.errors import ModelNotFound
from autolog.store.http import HttpStore
from autolog.store.registry import Registry
from autolog.testing.registry import ELSEWHERE, RegistryContract

from .serving import MlflowServer

pytestmark = pytest.mark.slow


class TestMlflowRegistry(RegistryContract):
    @pytest.fixture(autouse=True)
    def served(self, server: MlflowServer) -> None:
        self.address = server.address

    def make_store(self, tmp_path: Path) -> HttpStore:
        return HttpStore(self.address)

    def test_a_deleted_model_can_be_created_again(self, registry: Registry) -> None:
        """MLflow forgets a deleted model: its versions count from one again."""
        registry.register("fraud", ELSEWHERE, tags={"a": "1"})
        registry.delete("fraud")
        assert registry.search() == []
        for ask in (registry.get, registry.versions, registry.delete, registry.alias_history):
            with pytest.raises(ModelNotFound, match="fraud"):
                ask("fraud")
        model = registry.create("fraud")
        assert (model.description, dict(model.tags), model.latest) == ("", {}, None)
        assert registry.versions("fraud") == []
        assert registry.register("fraud", ELSEWHERE).version == 1
