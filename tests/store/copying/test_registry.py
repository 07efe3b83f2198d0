"""Registered models: the same numbers where they are free, none given twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from autolog.store.base import Store
from autolog.store.copying import Copying, Report
from autolog.store.copying.versions import GAP
from autolog.store.events import Delete, End
from autolog.store.folder import FolderStore
from autolog.store.log import now
from autolog.store.registry.base import COPIED
from autolog.store.writer import remove_artifact
from tests.store.copying.filled import BEGUN
from tests.store.sql.databases import sqlite_store


def with_model(store: Store, id: str) -> None:
    run = store.create("fruit", "apple", id=id, time=BEGUN)
    with run.artifact("model") as folder:
        folder.mkdir()
        (folder / "MLmodel").write_text(f"id: {id}")
    run.write(End(run=0, time=BEGUN + 1, status="FINISHED"))


@pytest.fixture
def source(tmp_path: Path) -> FolderStore:
    """Three versions, of three runs."""
    store = FolderStore(tmp_path / "source")
    for number in (1, 2, 3):
        with_model(store, f"run{number}")
        store.registry.register("fruits", f"runs:/run{number}/model")
    return store


@pytest.fixture
def target(tmp_path: Path) -> Store:
    return sqlite_store(tmp_path / "target.db")


def copy(source: Store, target: Store) -> Report:
    return Copying(source, target).copy()


def runs_of(store: Store) -> dict[int, str | None]:
    return {version.version: version.run_id for version in store.registry.versions("fruits")}


def nothing_changes(source: Store, target: Store) -> None:
    before = target.registry.versions("fruits"), target.registry.get("fruits")
    report = copy(source, target)
    assert (report.models.new, report.models.changed, report.versions.new) == (0, 0, 0)
    assert (target.registry.versions("fruits"), target.registry.get("fruits")) == before


def test_numbers_of_deleted_versions_stay_free(source: FolderStore, target: Store) -> None:
    for number in (1, 2):
        source.registry.delete_version("fruits", number)
    copy(source, target)
    assert runs_of(target) == {3: "run3"}
    nothing_changes(source, target)
    assert target.registry.register("fruits", "runs:/run1/model").version == 4


def test_what_a_killed_copying_left_is_removed(source: FolderStore, target: Store) -> None:
    source.registry.delete_version("fruits", 1)
    target.registry.register("fruits", GAP)
    copy(source, target)
    assert runs_of(target) == {2: "run2", 3: "run3"}
    nothing_changes(source, target)


def test_a_target_with_versions_of_its_own(source: FolderStore, target: Store) -> None:
    with_model(target, "mine")
    target.registry.register("fruits", "runs:/mine/model", description="mine")
    source.registry.set_alias("fruits", "champion", 1)
    source.registry.set_stage("fruits", 2, "Production")
    report = copy(source, target)
    assert runs_of(target) == {1: "mine", 2: "run1", 3: "run2", 4: "run3"}
    assert [note.partition(" in ")[0] for note in report.notes] == [
        f"model 'fruits': version {number} is version {number + 1}" for number in (1, 2, 3)
    ]
    assert target.registry.version_by_alias("fruits", "champion").run_id == "run1"
    assert target.registry.version("fruits", 3).stage == "Production"
    assert target.registry.version("fruits", 1).description == "mine"
    nothing_changes(source, target)


def test_what_is_new_of_known_versions(source: FolderStore, target: Store) -> None:
    copy(source, target)
    source.registry.update("fruits", description="apples", tags={"a": "1"})
    source.registry.update("fruits", 2, description="the second", tags={"b": "2"})
    source.registry.set_alias("fruits", "champion", 2)
    source.registry.set_stage("fruits", 2, "Staging")
    assert copy(source, target).models.changed == 1
    assert target.registry.get("fruits").tags == {"a": "1"}
    version = target.registry.version_by_alias("fruits", "champion")
    assert (version.version, version.description, version.stage) == (2, "the second", "Staging")
    source.registry.set_alias("fruits", "champion", 3)
    assert copy(source, target).models.changed == 1
    assert target.registry.version_by_alias("fruits", "champion").version == 3
    nothing_changes(source, target)


def test_a_version_of_a_deleted_run_comes_with_its_files(source: FolderStore, target: Store) -> None:
    source.join("run2").write(Delete(run=0, time=now()))
    assert copy(source, target).failures == []
    version = target.registry.version("fruits", 2)
    assert (version.source, version.run_id) == (COPIED, "run2")
    assert (target.registry.path(version) / "MLmodel").read_text() == "id: run2"
    nothing_changes(source, target)


def test_a_version_whose_files_are_gone_is_said(source: FolderStore, target: Store) -> None:
    source.registry.delete_version("fruits", 1)
    remove_artifact(source.folder_of("run2"), "run2", "model")
    for _ in range(2):
        report = copy(source, target)
        assert [line.partition(":")[0] for line in report.failures] == ["version 2 of model 'fruits'"]
        assert runs_of(target) == {3: "run3"}
    assert target.registry.register("fruits", "runs:/run3/model").version == 4


def test_copies_without_a_run_are_told_apart_by_their_files(tmp_path: Path, target: Store) -> None:
    source = FolderStore(tmp_path / "source")
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "weights").write_text(name)
    source.registry.register("fruits", tmp_path / "first")
    target.registry.register("fruits", tmp_path / "second")
    copy(source, target)
    found = [target.registry.path(version) / "weights" for version in target.registry.versions("fruits")]
    assert [path.read_text() for path in found] == ["first", "second"]
    nothing_changes(source, target)


def test_addresses_stay_as_they_are(tmp_path: Path, target: Store) -> None:
    source = FolderStore(tmp_path / "source")
    source.registry.register("fruits", "s3://bucket/model", tags={"from": "elsewhere"})
    copy(source, target)
    assert [version.source for version in target.registry.versions()] == ["s3://bucket/model"]
    nothing_changes(source, target)
