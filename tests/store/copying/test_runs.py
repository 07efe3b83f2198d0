"""Runs that are there in part, that fail, or whose parents are missing."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from autolog.store.base import LoggedModel, Store
from autolog.store.copying import Copying, Report
from autolog.store.errors import ExperimentNotFound, InvalidName
from autolog.store.events import Delete, End, Model, Params, Start, Tags
from autolog.store.folder import FolderStore
from autolog.store.log import now
from autolog.store.writer import FolderRunWriter, begin
from tests.store.copying.filled import BEGUN, everything, fill
from tests.store.sql.databases import sqlite_store


@pytest.fixture
def source(tmp_path: Path) -> FolderStore:
    store = FolderStore(tmp_path / "source")
    run = store.create("fruit", "apple", id="apple", time=BEGUN)
    run.points(("loss", step, BEGUN + step, 1 / (step + 1)) for step in range(10))
    with run.artifact("notes/a.txt") as file:
        file.write_text("hello")
    run.write(Params(run=0, time=BEGUN, params={"C": 1.0}), Tags(run=0, time=BEGUN, tags={"who": "me"}))
    return store


@pytest.fixture
def target(tmp_path: Path) -> Store:
    return sqlite_store(tmp_path / "target.db")


def copied(source: Store, target: Store) -> Report:
    """What came of it; everything is there then."""
    report = Copying(source, target).copy()
    assert report.failures == []
    assert everything(target) == everything(source)
    return report


def test_what_a_run_gained_is_added(source: FolderStore, target: Store) -> None:
    assert copied(source, target).points == 10
    run = source.join("apple")
    run.points(("loss", step, BEGUN + step, 0.5) for step in range(10, 15))
    run.point("acc", 0, BEGUN, 0.75)
    run.write(Params(run=0, time=now(), params={"C": 1, "depth": None}))
    run.write(Tags(run=0, time=now(), tags={"who": "you"}))
    with run.artifact("notes/a.txt") as file:
        file.write_text("hello again")
    with run.artifact("notes/b.txt") as file:
        file.write_text("b")
    run.write(Model(run=0, time=now(), id=f"m-{3:032x}", path="notes", flavor="sklearn"))
    run.write(End(run=0, time=BEGUN + 50, status="FAILED", error="KeyError: 'x'"))
    report = copied(source, target)
    assert (report.points, report.files, report.bytes) == (6, 2, 12)
    assert (report.runs.new, report.runs.changed, report.runs.same) == (0, 1, 0)


def test_a_run_that_goes_on_goes_on(source: FolderStore, target: Store) -> None:
    source.join("apple").write(End(run=0, time=BEGUN + 50, status="KILLED"))
    copied(source, target)
    source.join("apple", resumed=True).point("loss", 10, BEGUN + 60, 0.1)
    copied(source, target)
    source.join("apple").write(End(run=0, time=now(), status="FINISHED"))
    copied(source, target)
    assert target.get("apple").status == "FINISHED"


def test_what_was_deleted_and_restored(source: FolderStore, target: Store) -> None:
    copied(source, target)
    run = source.join("apple")
    run.write(Delete(run=0, time=now()))
    copied(source, target)
    run.point("loss", 10, BEGUN + 60, 0.1)
    assert copied(source, target).points == 1
    run.write(Delete(run=0, time=now(), deleted=False))
    copied(source, target)
    assert not target.get("apple").deleted


def test_what_only_the_target_has_stays(source: FolderStore, target: Store) -> None:
    copied(source, target)
    run = target.join("apple")
    run.write(Tags(run=0, time=now(), tags={"mine": "yes"}))
    run.point("loss", 99, BEGUN + 99, 9.0)
    target.create("fruit", "other")
    source.join("apple").point("loss", 10, BEGUN + 10, 0.5)
    assert Copying(source, target).copy().points == 1
    assert target.get("apple").tags == {"who": "me", "mine": "yes"}
    assert sorted(target.points("apple", "loss").step) == [*range(11), 99]
    assert len(target.search()) == 2


def test_points_that_come_in_no_order_of_time(source: FolderStore, target: Store) -> None:
    times = [BEGUN + shift for shift in (5, 1, 9, 9, 0)]
    source.join("apple").points(("odd", 7, time, 0.5) for time in times)
    copied(source, target)
    assert list(target.points("apple", "odd").time) == times


def test_experiments_follow(source: FolderStore, target: Store) -> None:
    source.experiments.create("empty", tags={"a": "1"})
    copied(source, target)
    empty = source.experiments.named("empty")
    source.experiments.update(empty.id, tags={"a": "2"})
    source.experiments.delete(source.experiments.named("fruit").id)
    report = copied(source, target)
    assert (report.experiments.new, report.experiments.changed) == (0, 2)
    source.join("apple").point("loss", 10, BEGUN + 10, 0.5)
    assert copied(source, target).points == 1  # into an experiment that is deleted, and stays so
    source.experiments.restore(source.experiments.named("fruit").id)
    copied(source, target)


def test_one_experiment(tmp_path: Path, target: Store) -> None:
    source = FolderStore(tmp_path / "many")
    fill(source, tmp_path / "model")
    report = Copying(source, target).copy(["a b/ü~"])
    assert (report.runs.new, report.experiments.new, report.versions.new) == (2, 1, 0)
    assert {run.experiment for run in target.search()} == {"a b/ü~"}
    with pytest.raises(ExperimentNotFound):
        Copying(source, target).copy(["nothing"])


def test_models_from_an_experiment_come_with_it(tmp_path: Path, target: Store) -> None:
    source = FolderStore(tmp_path / "many")
    fill(source, tmp_path / "model")
    report = Copying(source, target).copy(["fruit"])
    assert (report.models.new, report.versions.new) == (1, 3)
    assert [version.version for version in target.registry.versions()] == [4, 3, 1]


@pytest.mark.slow
def test_a_dry_run_counts_and_writes_nothing(tmp_path: Path) -> None:
    source, target = FolderStore(tmp_path / "many"), FolderStore(tmp_path / "target")
    fill(source, tmp_path / "model")
    said = Copying(source, target, dry=True).copy()
    assert not target.path.exists() or not list(target.path.rglob("events-*"))
    done = Copying(source, target).copy()
    assert vars(said) == vars(done)
    again = Copying(source, target, dry=True).copy()
    assert (again.points, again.files, again.runs.new, again.runs.changed) == (0, 0, 0, 0)
    assert (again.models.same, again.versions.new) == (2, 0)


def test_a_store_and_itself(source: FolderStore) -> None:
    with pytest.raises(InvalidName, match="into itself"):
        Copying(source, FolderStore(source.path))


class Full(FolderStore):
    """Has no space for one run."""

    def create(self, experiment: str, name: str, *, id: str | None = None, **more: Any) -> FolderRunWriter:
        if id == "trial1":
            raise OSError(28, "No space left on device")
        return super().create(experiment, name, id=id, **more)


@pytest.mark.slow
def test_a_run_that_fails_is_said_and_the_others_are_copied(tmp_path: Path) -> None:
    source = FolderStore(tmp_path / "many")
    fill(source, tmp_path / "model")
    report = Copying(source, Full(tmp_path / "target")).copy()
    assert [line.partition(" ")[2][:15] for line in report.failures] == ["trial1 'trial 1", "fold1 'fold': i"]
    assert report.runs.new == 11
    copied(source, FolderStore(tmp_path / "target"))


class Losing(FolderStore):
    """Somebody removes a run while it is copied."""

    def models(self, *ids: str) -> list[LoggedModel]:
        if (self.path / "fruit").is_dir() and len(ids) > 1:
            shutil.rmtree(self.folder_of("apple"))
        return super().models(*ids)


def test_a_run_that_is_removed_meanwhile_keeps_no_other_back(source: FolderStore, target: Store) -> None:
    for number in range(3):
        run = source.create("fruit", "pear", id=f"pear{number}", time=BEGUN + 5 + number)
        with run.artifact("model/MLmodel") as file:
            file.write_text("flavors: {}")
        run.write(Model(run=0, time=BEGUN, id=f"m-{number}", path="model", flavor="none"))
        run.close()
    report = Copying(Losing(source.path), target).copy()
    assert [line.partition(":")[0] for line in report.failures] == ["run apple 'apple'"]
    assert [model.id for model in target.models("pear0", "pear1", "pear2")] == ["m-0", "m-1", "m-2"]


def test_what_is_in_the_way_fails_one_run(source: FolderStore, target: Store) -> None:
    source.create("fruit", "pear", id="pear", time=BEGUN + 5)
    run = target.create("fruit", "apple", id="apple", time=BEGUN)
    with run.artifact("notes") as file:
        file.write_text("a file where a folder is to come")
    report = Copying(source, target).copy()
    assert [line.partition(":")[0] for line in report.failures] == ["run apple 'apple'"]
    assert target.get("pear").name == "pear"


@pytest.mark.slow
def test_a_parent_that_began_later(source: FolderStore, target: Store) -> None:
    source.create("fruit", "core", parent="apple", id="core", time=BEGUN - 5)
    source.create("fruit", "seed", parent="core", id="seed", time=BEGUN - 6)
    copied(source, target)
    assert target.get("seed").parent_id == "core"


def test_a_run_whose_parent_is_not_there(source: FolderStore, target: Store) -> None:
    begin(source.folder_of("apple"), Start(run=0, time=BEGUN, id="lost", parent="nobody", name="lost"))
    source.create("fruit", "child", parent="lost", id="child", time=BEGUN - 1)
    report = Copying(source, target).copy()
    assert report.failures == []
    assert report.notes == ["run lost 'lost' is copied as a run of its own: there is no run nobody"]
    assert (target.get("lost").parent_id, target.get("child").parent_id) == (None, "lost")
    assert Copying(source, target).copy().runs.changed == 0
