"""The contract that the registry of every store keeps, as a pytest class.

class TestMyRegistry(RegistryContract):
    def make_store(self, tmp_path):
        return MyStore(tmp_path / "store")
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from ..store.base import Store
from ..store.errors import (
    AliasInUse,
    AliasNotFound,
    ArtifactNotFound,
    FilterError,
    InvalidName,
    ModelNotFound,
    NameTaken,
    NotPromoted,
    RunNotFound,
    VersionNotFound,
)
from ..store.events import Metrics, Model, wire_number
from ..store.log import now
from ..store.registry import Registry

ELSEWHERE = "s3://bucket/model"
"""An address that is kept as it is."""


class RegistryContract:
    """Inherit it and say how your store is made."""

    def make_store(self, tmp_path: Path) -> Store:
        """A store that is empty at first; called again with the same path, the same store."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return self.make_store(tmp_path)

    @pytest.fixture
    def registry(self, store: Store) -> Registry:
        return store.registry

    @pytest.fixture
    def trained(self, store: Store) -> Callable[..., str]:
        """Makes a run with a model and these metrics; the result is the model's address."""

        def train(**metrics: float) -> str:
            run = store.create("fruit", "apple")
            with run.artifact("model") as path:
                path.mkdir()
                (path / "weights").write_text(str(metrics))
            numbers = {key: wire_number(value) for key, value in metrics.items()}
            run.write(Metrics(run=0, time=now(), step=0, metrics=numbers))
            return f"runs:/{run.id}/model"

        return train

    # Models

    def test_a_registry_begins_empty(self, registry: Registry) -> None:
        assert registry.search() == []
        with pytest.raises(ModelNotFound, match="fraud"):
            registry.get("fraud")

    def test_a_model_is_created_once(self, registry: Registry) -> None:
        model = registry.create("fraud", description="who pays", tags={"team": "red"})
        assert model == registry.get("fraud")
        assert (model.name, model.description, dict(model.tags)) == ("fraud", "who pays", {"team": "red"})
        assert (dict(model.aliases), model.latest) == ({}, None)
        assert "@" in model.by and model.created > 1_700_000_000_000
        with pytest.raises(NameTaken, match="fraud"):
            registry.create("fraud")

    @pytest.mark.parametrize(
        "name",
        ["a", "röd äpple ✓", "苹" * 256, "a" * 256, ".hidden", "%2F", "C\\", "a@b", "a.", " a", "~", "1"],
    )
    def test_names_are_kept_as_they_are(self, store: Store, tmp_path: Path, name: str) -> None:
        store.registry.register(name, ELSEWHERE)
        registry = self.make_store(tmp_path).registry
        assert [model.name for model in registry.search()] == [name]
        assert registry.version(name, 1).name == name
        assert registry.rename(name, "other").name == "other"
        assert registry.rename("other", name).latest == 1

    @pytest.mark.parametrize("name", ["", " ", ".", "..", "../up", "a/b", "a:b", "a\0b", "a\nb", "a" * 257])
    def test_a_name_that_is_none(self, registry: Registry, name: str) -> None:
        for ask in (registry.create, registry.get, lambda name: registry.register(name, ELSEWHERE)):
            with pytest.raises(InvalidName):
                ask(name)
        registry.create("fraud")
        with pytest.raises(InvalidName):
            registry.rename("fraud", name)
        assert [model.name for model in registry.search()] == ["fraud"]

    def test_notes_are_changed_one_by_one(self, registry: Registry) -> None:
        registry.create("fraud", description="old", tags={"team": "red", "draft": "yes"})
        registry.update("fraud", tags={"team": "blue", "draft": None, "none": None})
        registry.update("fraud", description="new\nlines ✓")
        model = registry.get("fraud")
        assert (model.description, dict(model.tags)) == ("new\nlines ✓", {"team": "blue"})
        registry.update("fraud", description="")
        assert registry.get("fraud").description == ""

    def test_notes_of_a_version(self, registry: Registry) -> None:
        registry.register("fraud", ELSEWHERE, description="first", tags={"a": "1"})
        registry.register("fraud", ELSEWHERE)
        registry.update("fraud", 1, description="the first", tags={"a": None, "b": "2"})
        first = registry.version("fraud", 1)
        assert (first.description, dict(first.tags)) == ("the first", {"b": "2"})
        assert first.updated > first.created
        assert registry.version("fraud", 2).description == registry.get("fraud").description == ""

    @pytest.mark.parametrize("key", ["", "k" * 251])
    def test_a_tag_that_is_none(self, registry: Registry, key: str) -> None:
        with pytest.raises(InvalidName):
            registry.create("fraud", tags={key: "x"})
        with pytest.raises(InvalidName):
            registry.create("fraud", tags={"key": "x" * 100_001})
        assert registry.search() == []

    def test_search(self, registry: Registry) -> None:
        for name, tags in {"b": {"team": "red"}, "a1": {}, "a2": {"team": "blue", "rank": "10"}}.items():
            registry.create(name, tags=tags)

        def names(filter: str) -> list[str]:
            return [model.name for model in registry.search(filter)]

        assert names("") == ["a1", "a2", "b"]
        assert names("name like 'a%' and tags.team != 'red'") == ["a2"]
        assert names("name ilike 'A_' and not tags.team = 'blue'") == ["a1"]
        assert names("tags.rank > 9.5 or name in ('b', 'c')") == ["a2", "b"]
        assert names("tags.team is null") == ["a1"]
        assert names("name not like 'a%'") == ["b"]
        for wrong in ("metrics.acc > 1", "status = 'FAILED'", "name >> 1"):
            with pytest.raises(FilterError):
                registry.search(wrong)

    def test_a_renamed_model_keeps_everything(self, registry: Registry) -> None:
        registry.register("fraud", ELSEWHERE, tags={"a": "1"})
        registry.set_alias("fraud", "champion", 1)
        before = registry.version("fraud", 1)
        assert dict(registry.rename("fraud", "theft").aliases) == {"champion": 1}
        with pytest.raises(ModelNotFound, match="fraud"):
            registry.get("fraud")
        after = registry.version_by_alias("theft", "champion")
        assert (after.id, after.tags, after.created) == (before.id, before.tags, before.created)
        assert registry.register("fraud", ELSEWHERE).version == 1
        with pytest.raises(NameTaken, match="theft"):
            registry.rename("fraud", "theft")
        assert registry.rename("fraud", "fraud").latest == 1

    # Versions

    def test_versions_count_from_one(self, registry: Registry) -> None:
        given = [registry.register("fraud", ELSEWHERE) for _ in range(3)]
        assert [version.version for version in given] == [1, 2, 3]
        assert [version.version for version in registry.versions("fraud")] == [3, 2, 1]
        assert registry.get("fraud").latest == 3
        assert registry.version("fraud", 2) == given[1]
        with pytest.raises(VersionNotFound, match="4"):
            registry.version("fraud", 4)

    def test_a_version_of_a_run(self, store: Store, trained: Callable[..., str]) -> None:
        source = trained(acc=0.5)
        run_id = source.split("/")[1]
        version = store.registry.register("fraud", f"runs:/{run_id[:8]}/model/", tags={"a": "1"})
        assert (version.source, version.run_id) == (source, run_id)
        assert (version.stage, version.status, version.aliases) == ("None", "READY", ())
        assert (
            store.registry.path(store.registry.version("fraud", 1)) / "weights"
        ).read_text() == "{'acc': 0.5}"

    def test_a_version_that_is_a_folder(self, registry: Registry, tmp_path: Path) -> None:
        folder = tmp_path / "mine" / "deep"
        folder.mkdir(parents=True)
        (folder / "weights").write_text("12")
        version = registry.register("fraud", folder.parent, run_id="abcd1234")
        assert (version.source, version.run_id) == ("./model", "abcd1234")
        (folder / "weights").write_text("changed later")
        assert (registry.path(registry.version("fraud", 1)) / "deep" / "weights").read_text() == "12"

    def test_a_version_elsewhere(self, registry: Registry) -> None:
        assert registry.register("fraud", ELSEWHERE).source == ELSEWHERE
        with pytest.raises(ArtifactNotFound, match="s3"):
            registry.path(registry.version("fraud", 1))

    def test_a_version_that_is_another(
        self, registry: Registry, trained: Callable[..., str], tmp_path: Path
    ) -> None:
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / "weights").write_text("12")
        source = trained(acc=0.5)
        registry.register("fraud", source)
        registry.register("fraud", tmp_path / "mine", run_id="abcd1234")
        registry.set_alias("fraud", "champion", 2)
        first = registry.register("prod", "models:/fraud/1")
        second = registry.register("prod", "models:/fraud@champion")
        assert (first.version, first.source, first.run_id) == (1, source, source.split("/")[1])
        assert (second.version, second.source, second.run_id) == (2, "./model", "abcd1234")
        registry.delete("fraud", force=True)
        assert (registry.path(registry.version("prod", 2)) / "weights").read_text() == "12"
        with pytest.raises(ModelNotFound):
            registry.register("prod", "models:/fraud/1")
        with pytest.raises(VersionNotFound):
            registry.register("prod", "models:/prod/3")

    def test_a_model_with_a_run_of_its_own(self, store: Store) -> None:
        run = store.create("fruit", "apple")
        model = store.create("fruit", "model", parent=run.id, id=f"m-{7:032x}", kind="model")
        with model.artifact("model") as path:
            path.mkdir()
            (path / "weights").write_text("12")
        model.write(Model(run=0, time=now(), id=model.id, path="model", flavor="sklearn"))
        version = store.registry.register("fraud", f"models:/{model.id}")
        assert (version.source, version.run_id) == (f"runs:/{model.id}/model", run.id)
        assert (store.registry.path(version) / "weights").read_text() == "12"

    def test_the_versions_of_all_models(self, registry: Registry) -> None:
        for name in ("b", "a", "b"):
            registry.register(name, ELSEWHERE)
        registry.create("c")
        registry.register("gone", ELSEWHERE)
        registry.delete("gone")
        found = [(version.name, version.version) for version in registry.versions()]
        assert found == [("a", 1), ("b", 2), ("b", 1)]

    def test_a_source_that_is_none(
        self, registry: Registry, trained: Callable[..., str], tmp_path: Path
    ) -> None:
        file = tmp_path / "file"
        file.touch()
        for source in ("", "model", "/etc", "file:///etc", "runs:/", "runs:/abcd1234", "runs:/a/../b", file):
            with pytest.raises((InvalidName, RunNotFound)):
                registry.register("fraud", source)
        for source in (trained() + "/../../x", trained() + "x", tmp_path / "none"):
            with pytest.raises((ArtifactNotFound, InvalidName)):
                registry.register("fraud", source)
        with pytest.raises(RunNotFound):
            registry.register("fraud", "runs:/abcd1234/model")
        assert registry.search() == []

    def test_a_deleted_number_is_not_given_again(self, registry: Registry) -> None:
        for _ in range(3):
            registry.register("fraud", ELSEWHERE)
        registry.delete_version("fraud", 3)
        registry.delete_version("fraud", 1)
        assert [version.version for version in registry.versions("fraud")] == [2]
        assert registry.get("fraud").latest == 2
        with pytest.raises(VersionNotFound):
            registry.delete_version("fraud", 1)
        assert registry.register("fraud", ELSEWHERE).version == 4

    def test_a_deleted_model_can_be_created_again(self, registry: Registry) -> None:
        registry.register("fraud", ELSEWHERE, tags={"a": "1"})
        registry.update("fraud", description="old", tags={"a": "1"})
        registry.delete("fraud")
        assert registry.search() == []
        for ask in (registry.get, registry.versions, registry.delete, registry.alias_history):
            with pytest.raises(ModelNotFound, match="fraud"):
                ask("fraud")
        model = registry.create("fraud")
        assert (model.description, dict(model.tags), model.latest) == ("", {}, None)
        assert registry.versions("fraud") == []
        assert registry.register("fraud", ELSEWHERE).version == 2

    def test_a_model_can_take_the_name_of_a_deleted_one(self, registry: Registry) -> None:
        registry.register("old", ELSEWHERE)
        registry.delete("old")
        registry.create("new", description="mine")
        assert registry.rename("new", "old").description == "mine"
        assert registry.versions("old") == []

    # Aliases

    def test_an_alias_points_to_one_version(self, registry: Registry) -> None:
        for _ in range(2):
            registry.register("fraud", ELSEWHERE)
        registry.set_alias("fraud", "champion", 1)
        registry.set_alias("fraud", "größte-1", 1)
        assert registry.version("fraud", 1).aliases == ("champion", "größte-1")
        registry.set_alias("fraud", "champion", 2)
        assert registry.version_by_alias("fraud", "champion").version == 2
        assert dict(registry.get("fraud").aliases) == {"champion": 2, "größte-1": 1}
        registry.delete_alias("fraud", "champion")
        for ask in (registry.version_by_alias, registry.delete_alias):
            with pytest.raises(AliasNotFound, match="champion"):
                ask("fraud", "champion")
        with pytest.raises(VersionNotFound):
            registry.set_alias("fraud", "champion", 3)

    @pytest.mark.parametrize("alias", ["", "a b", "a/b", "latest", "LATEST", "v1", "V12", "a\n", "a" * 256])
    def test_an_alias_that_is_none(self, registry: Registry, alias: str) -> None:
        registry.register("fraud", ELSEWHERE)
        with pytest.raises(InvalidName):
            registry.set_alias("fraud", alias, 1)
        with pytest.raises(InvalidName):
            registry.promote("fraud", 1, alias)

    def test_who_moved_which_alias_when(self, registry: Registry) -> None:
        for _ in range(2):
            registry.register("fraud", ELSEWHERE)
        registry.set_alias("fraud", "champion", 1)
        registry.set_alias("fraud", "other", 2)
        registry.set_alias("fraud", "champion", 1)  # where it is: no move
        registry.set_alias("fraud", "champion", 2)
        registry.delete_alias("fraud", "champion")
        moves = registry.alias_history("fraud", "champion")
        assert [(move.previous, move.version) for move in moves] == [(None, 1), (1, 2), (2, None)]
        assert {move.by for move in moves} == {registry.get("fraud").by}
        assert [move.alias for move in registry.alias_history("fraud")] == [
            "champion",
            "other",
            *["champion"] * 2,
        ]
        times = [move.time for move in registry.alias_history("fraud")]
        assert times == sorted(set(times))

    def test_nothing_is_deleted_that_an_alias_points_to(self, registry: Registry) -> None:
        for _ in range(2):
            registry.register("fraud", ELSEWHERE)
        registry.set_alias("fraud", "champion", 2)
        with pytest.raises(AliasInUse, match="champion"):
            registry.delete_version("fraud", 2)
        with pytest.raises(AliasInUse, match="champion"):
            registry.delete("fraud")
        assert registry.get("fraud").latest == 2
        registry.delete_version("fraud", 2, force=True)
        assert dict(registry.get("fraud").aliases) == {}
        assert [move.version for move in registry.alias_history("fraud", "champion")] == [2, None]
        registry.set_alias("fraud", "champion", 1)
        registry.delete("fraud", force=True)
        assert registry.search() == []

    # Stages

    def test_stages(self, registry: Registry) -> None:
        for _ in range(3):
            registry.register("fraud", ELSEWHERE)
        assert registry.set_stage("fraud", 1, "production").stage == "Production"
        registry.set_stage("fraud", 2, "Production")
        registry.set_stage("fraud", 3, "PRODUCTION", archive_existing=True)
        assert [version.stage for version in registry.versions("fraud")] == [
            "Production",
            "Archived",
            "Archived",
        ]
        registry.set_stage("fraud", 3, "none")
        assert registry.version("fraud", 3).stage == "None"
        for stage, archive in (("best", False), ("None", True), ("archived", True)):
            with pytest.raises(InvalidName):
                registry.set_stage("fraud", 1, stage, archive_existing=archive)

    # Promotion

    def test_the_better_one_is_promoted(self, registry: Registry, trained: Callable[..., str]) -> None:
        for acc in (0.8, 0.9, 0.85):
            registry.register("fraud", trained(acc=acc, loss=1 - acc))
        condition = "metrics.acc > alias:champion and metrics.`loss` <= 0.25"
        assert registry.promote("fraud", 1, "champion", condition=condition).aliases == ("champion",)
        registry.promote("fraud", 2, "champion", condition=condition)
        with pytest.raises(NotPromoted, match=r"0\.85 beside 0\.9"):
            registry.promote("fraud", 3, "champion", condition=condition)
        assert registry.version_by_alias("fraud", "champion").version == 2
        assert registry.promote("fraud", 2, "champion", condition=condition).version == 2
        first, second = registry.alias_history("fraud", "champion")
        assert "no version has this alias yet" in first.why
        assert "metrics.acc > alias:champion (0.9 beside 0.8)" in second.why
        registry.promote("fraud", 3, "champion")
        assert registry.version("fraud", 3).aliases == ("champion",)

    @pytest.mark.parametrize("condition", ["metrics.acc > 0.9", "metrics.acc != 0.8", "metrics.f1 > 0"])
    def test_a_number_must_hold_also_for_the_first(
        self, registry: Registry, trained: Callable[..., str], condition: str
    ) -> None:
        registry.register("fraud", trained(acc=0.8))
        with pytest.raises(NotPromoted):
            registry.promote("fraud", 1, "champion", condition=condition)
        assert registry.version("fraud", 1).aliases == ()

    def test_nan_is_never_better(self, registry: Registry, trained: Callable[..., str]) -> None:
        for acc in (0.8, float("nan")):
            registry.register("fraud", trained(acc=acc))
        registry.set_alias("fraud", "champion", 1)
        for operator in ("<", ">", "="):
            with pytest.raises(NotPromoted, match="nan"):
                registry.promote("fraud", 2, "champion", condition=f"metrics.acc {operator} alias:champion")

    def test_what_cannot_be_compared(self, registry: Registry, trained: Callable[..., str]) -> None:
        registry.register("fraud", trained(acc=0.8))
        registry.register("fraud", ELSEWHERE)
        registry.register("fraud", ELSEWHERE, run_id="abcd1234")
        registry.set_alias("fraud", "champion", 1)
        for version, word in ((2, "no run"), (3, "abcd1234")):
            with pytest.raises(NotPromoted, match=word):
                registry.promote("fraud", version, "champion", condition="metrics.acc > alias:champion")

    @pytest.mark.parametrize(
        "condition",
        [
            *(
                "acc > 1",
                "metrics.acc",
                "metrics.acc > ",
                "metrics.acc > x",
                "metrics.acc >> 1",
                "metrics.acc ! 1",
            ),
            *("metrics.acc > 1 or metrics.acc > 2", "metrics.acc > 1 and", "and", "metrics.acc > 1x"),
        ],
    )
    def test_a_condition_that_cannot_be_read(
        self, registry: Registry, trained: Callable[..., str], condition: str
    ) -> None:
        registry.register("fraud", trained(acc=10.0))
        with pytest.raises(FilterError, match=r"\^"):
            registry.promote("fraud", 1, "champion", condition=condition)

    # Together

    def test_threads_get_different_numbers(self, store: Store, tmp_path: Path) -> None:
        numbers: list[int] = []

        def work() -> None:
            registry = self.make_store(tmp_path).registry
            numbers.extend(registry.register("fraud", ELSEWHERE).version for _ in range(10))

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(numbers) == list(range(1, 81))
        assert len({version.id for version in store.registry.versions("fraud")}) == 80

    def test_another_process_sees_it_at_once(self, registry: Registry, tmp_path: Path) -> None:
        other = self.make_store(tmp_path).registry
        for number in range(1, 6):
            mine, theirs = (registry, other) if number % 2 else (other, registry)
            assert mine.register("fraud", ELSEWHERE).version == number
            mine.set_alias("fraud", "champion", number)
            assert theirs.version_by_alias("fraud", "champion").version == number
