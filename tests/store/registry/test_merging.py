"""Stores that are moved, copied into each other, and damaged."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from autolog.store import changes
from autolog.store.doctor import Doctor, Problem
from autolog.store.errors import ArtifactNotFound, NameTaken
from autolog.store.folder import FolderStore
from autolog.store.log import now

from ..logs import alive, gone, write

MODELS = Path("store/.autolog/registry")


def store(name: str = "store") -> FolderStore:
    return FolderStore(name)


@pytest.fixture
def as_another(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From then on this process writes as another one would."""
    return lambda: monkeypatch.setattr("autolog.store.log._writer", "another")


def filled(name: str, content: str) -> FolderStore:
    """A store with two versions of a model: a run's and a copied one, which is the champion."""
    made = store(name)
    run = made.create("fruit", content)
    with run.artifact("model") as path:
        path.mkdir()
        (path / "weights").write_text(f"{content} of a run")
    made.registry.register("fraud", f"runs:/{run.id}/model", tags={"from": content})
    folder = Path(f"{name}-mine")
    folder.mkdir()
    (folder / "weights").write_text(content)
    made.registry.register("fraud", folder, tags={"from": content})
    made.registry.set_alias("fraud", "champion", 2)
    made.registry.set_alias("fraud", content, 1)
    return made


def examined() -> list[Problem]:
    return [problem for problem in Doctor(store()).examine() if problem.kind != "stale run"]


def weights(number: int) -> str:
    return (store().registry.path(store().registry.version("fraud", number)) / "weights").read_text()


def test_a_store_that_was_moved_says_the_same() -> None:
    before = filled("store", "red").registry
    versions, moves = before.versions("fraud"), before.alias_history("fraud")
    os.rename("store", "moved")
    after = store("moved").registry
    assert (after.versions("fraud"), after.alias_history("fraud")) == (versions, moves)
    assert (after.path(after.version("fraud", 1)) / "weights").read_text() == "red of a run"
    assert (after.path(after.version("fraud", 2)) / "weights").read_text() == "red"


def test_nothing_that_is_written_names_a_place_on_this_machine() -> None:
    filled("store", "red")
    text = "".join(file.read_text() for file in MODELS.rglob("events-*.jsonl"))
    assert str(Path.cwd()) not in text and "mine" not in text


@pytest.fixture
def merged(as_another: Callable[[], None]) -> FolderStore:
    filled("store", "red")
    as_another()
    filled("other", "blue")
    shutil.copytree("other", "store", dirs_exist_ok=True)
    return store()


def test_two_stores_in_one_keep_all_versions(merged: FolderStore) -> None:
    registry = merged.registry
    versions = registry.versions("fraud")
    assert [version.version for version in versions] == [2, 2, 1, 1]
    assert [version.tags["from"] for version in versions] == ["red", "blue", "red", "blue"]
    found = [(registry.path(version) / "weights").read_text() for version in versions]
    assert found == ["red", "blue", "red of a run", "blue of a run"]
    assert registry.version_by_alias("fraud", "champion").tags["from"] == "blue"  # moved last
    assert registry.version_by_alias("fraud", "blue").tags["from"] == "blue"
    assert registry.version("fraud", 2).tags["from"] == "red"  # registered first
    assert registry.register("fraud", "s3://bucket/model").version == 3


@pytest.mark.usefixtures("merged")
def test_doctor_numbers_the_second_ones_anew() -> None:
    problems = examined()
    assert [problem.kind for problem in problems] == ["double version"] * 2
    assert "merged" in problems[0].what
    doctor = Doctor(store())
    assert all(map(doctor.mend, problems))
    assert all(map(doctor.mend, problems))
    assert examined() == []
    registry = store().registry
    assert {version.version: version.tags["from"] for version in registry.versions("fraud")} == {
        1: "red", 2: "red", 3: "blue", 4: "blue",
    }  # fmt: skip
    assert {number: weights(number) for number in (1, 2)} == {1: "red of a run", 2: "red"}
    assert weights(registry.version_by_alias("fraud", "champion").version) == "blue"
    assert weights(registry.version_by_alias("fraud", "blue").version) == "blue of a run"


def test_a_copy_of_a_store_copied_back_changes_nothing(as_another: Callable[[], None]) -> None:
    filled("store", "red")
    shutil.copytree("store", "copy")
    store("copy").registry.set_alias("fraud", "new", 1)
    as_another()
    store().registry.delete_version("fraud", 2, force=True)
    shutil.copytree("copy", "store", dirs_exist_ok=True)
    model = store().registry.get("fraud")
    assert (dict(model.aliases), model.latest) == ({"new": 1, "red": 1}, 1)
    (problem,) = examined()
    assert (problem.kind, problem.place.rpartition("/")[2]) == ("leftover", "model")
    assert Doctor(store()).mend(problem)
    assert examined() == []


def test_a_clock_that_is_behind_still_has_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    filled("store", "red")
    monkeypatch.setattr(changes, "now", lambda: now() - 3_600_000)
    store().registry.set_alias("fraud", "champion", 1)
    store().registry.update("fraud", description="new")
    assert store().registry.version_by_alias("fraud", "champion").version == 1
    assert store().registry.get("fraud").description == "new"


def test_a_version_that_is_still_being_copied_is_not_there_yet() -> None:
    filled("store", "red")
    (file,) = MODELS.glob("fraud/2/*/events-*.jsonl")
    file.rename("later")
    registry = store().registry
    assert [version.version for version in registry.versions("fraud")] == [1]
    assert dict(registry.get("fraud").aliases) == {"red": 1}
    assert [problem.kind for problem in examined()] == ["orphan"]
    os.rename("later", file)
    assert registry.version_by_alias("fraud", "champion").version == 2


def test_damaged_and_unknown_lines_cost_nothing_else() -> None:
    filled("store", "red")
    (file,) = MODELS.glob("fraud/events-*.jsonl")
    newer = file.with_name("events-newer.jsonl")
    newer.write_text(
        '{"autolog":99,"writer":"w","host":"h","pid":1,"born":1,"time":1}\n{"event":"remove","model":true}\n'
    )
    with open(file, "a") as log:
        log.write('{"event":"hologram","time":1}\n{"event":"alias"\n{"event":"alias","alias":7}\n')
        log.write(
            '{"event":"update","time":9999999999999,"description":"kept","new":1}\n{"event":"update","desc'
        )
    assert store().registry.get("fraud").description == "kept"
    assert [problem.kind for problem in examined()] == ["damaged line", "newer format"]


def test_a_registration_that_is_at_work_is_left_alone() -> None:
    filled("store", "red")
    draft = MODELS / "fraud" / ".0123456789abcdef.part"
    write(draft / "id", alive())
    assert examined() == []
    write(draft / "id", gone(alive().writer))
    assert [problem.kind for problem in examined()] == ["leftover"]


def test_a_model_whose_log_is_not_there_yet_is_not_replaced() -> None:
    registry = filled("store", "red").registry
    registry.create("new")
    (file,) = MODELS.glob("fraud/events-*.jsonl")
    file.rename("later")
    with pytest.raises(NameTaken):
        registry.rename("new", "fraud")
    os.rename("later", file)
    assert len(registry.versions("fraud")) == 2


def test_doctor_names_what_is_missing() -> None:
    filled("store", "red")
    shutil.rmtree(next(MODELS.glob("fraud/2/*/model")))
    shutil.rmtree(next(Path("store").glob("fruit/*/artifacts")))
    (MODELS / "lost").mkdir()
    problems = examined()
    assert [(problem.kind, problem.place) for problem in problems] == [
        ("orphan", "models:/fraud/2"),
        ("orphan", "models:/fraud/1"),
        ("orphan", ".autolog/registry/lost"),
    ]
    with pytest.raises(ArtifactNotFound, match="missing"):
        store().registry.path(store().registry.version("fraud", 2))


def test_a_full_disk_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = filled("store", "red").registry
    before = registry.get("fraud")
    with monkeypatch.context() as patch:
        patch.setattr("autolog.store.log._write", lambda fd, data: os.write(fd, data[: len(data) // 2]))
        for change in (
            lambda: registry.register("fraud", "s3://bucket/model"),
            lambda: registry.set_alias("fraud", "champion", 1),
            lambda: registry.create("other"),
        ):
            with pytest.raises(OSError, match="bytes written"):
                change()
        assert (registry.get("fraud"), len(registry.search())) == (before, 1)
    registry.set_alias("fraud", "champion", 1)
    assert registry.version_by_alias("fraud", "champion").version == 1
    assert registry.register("fraud", "s3://bucket/model").version == 3


@pytest.fixture
def lost_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network file system that did what was asked, lost the answer and asked again."""
    rename = os.rename

    def twice(source: str | Path, target: str | Path) -> None:
        rename(source, target)
        rename(source, target)

    monkeypatch.setattr(os, "rename", twice)


@pytest.mark.usefixtures("lost_answers")
def test_a_lost_answer_gives_no_second_number() -> None:
    registry = store().registry
    assert [registry.register("fraud", "s3://bucket/model").version for _ in range(3)] == [1, 2, 3]
    assert registry.rename("fraud", "theft").latest == 3
