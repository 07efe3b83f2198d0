"""The registry of the database store keeps the contract; processes that register at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from autolog.store.errors import ArtifactNotFound, InvalidName, ModelNotFound, NameTaken
from autolog.store.registry.events import Update
from autolog.store.sql import registry as shelves
from autolog.store.sql.registry import SqlShelf
from autolog.store.sql.store import SqlStore
from autolog.testing.registry import RegistryContract

from ..together import MOVE, REGISTER, printed_by
from .databases import sqlite_store


class TestSqliteRegistry(RegistryContract):
    def make_store(self, tmp_path: Path) -> SqlStore:
        return sqlite_store(tmp_path / "store.db")


@pytest.mark.slow  # together
class TestPostgresRegistry(RegistryContract):
    @pytest.fixture(autouse=True)
    def _database(self, postgres_address: str) -> None:
        self.address = postgres_address

    def make_store(self, tmp_path: Path) -> SqlStore:
        return SqlStore(self.address, artifacts=str(tmp_path / "artifacts"))


@pytest.mark.slow
def test_processes_that_register_at_once_get_all_numbers(address: str) -> None:
    numbers = [list(map(int, given)) for given in printed_by(8, REGISTER, address)]
    assert all(own == sorted(own) for own in numbers)
    assert sorted(number for own in numbers for number in own) == list(range(1, 161))
    versions = SqlStore(address).registry.versions("fraud")
    assert len({version.id for version in versions}) == len(versions) == 160


@pytest.mark.slow
def test_a_name_has_one_model_whoever_creates_or_renames(postgres_address: str) -> None:
    taken = sorted(name for names in printed_by(4, MOVE, postgres_address) for name in names)
    assert taken == sorted(f"m{number}" for number in range(20))
    names = [model.name for model in SqlStore(postgres_address).registry.search()]
    assert len(names) == len(set(names)) and set(taken) <= set(names)


def test_copied_files_go_with_their_version(store: SqlStore, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "weights").write_text("12")
    first, second = (store.registry.register("fraud", tmp_path / "mine") for _ in range(2))
    copy = store.registry.path(first)
    assert store.files.root is not None and copy.is_relative_to(store.files.root)
    store.registry.delete_version("fraud", 1)
    assert not copy.exists()
    with pytest.raises(ArtifactNotFound, match="version 1 of model 'fraud' are missing"):
        store.registry.path(first)
    assert store.registry.rename("fraud", "theft").latest == 2
    renamed = store.registry.version("theft", 2)
    assert renamed.id == second.id
    assert (store.registry.path(renamed) / "weights").read_text() == "12"
    with pytest.raises(InvalidName, match="holds the store"):
        store.registry.register("theft", tmp_path)


def test_what_was_read_before_a_renaming_is_not_written_to_another(store: SqlStore) -> None:
    store.registry.create("fraud")
    shelf = SqlShelf(store)
    before = shelf.load("fraud")
    assert before is not None
    store.registry.rename("fraud", "theft")
    with pytest.raises(ModelNotFound, match="renamed"):
        shelf.append(before, [Update(description="late")])
    assert store.registry.get("theft").description == ""


def test_a_name_that_is_taken_at_the_same_moment(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.registry.create("fraud")
    store.registry.create("theft")
    monkeypatch.setattr(shelves, "_locked", lambda connection, name: None)  # not there yet
    for change in (lambda: store.registry.create("fraud"), lambda: store.registry.rename("theft", "fraud")):
        with pytest.raises(NameTaken, match="fraud"):
            change()
    assert [model.name for model in store.registry.search()] == ["fraud", "theft"]
