"""The contract that the experiments of every store keep, as a pytest class.

class TestMyExperiments(ExperimentsContract):
    def make_store(self, tmp_path):
        return MyStore(tmp_path / "store")
"""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from ..store.base import Store
from ..store.errors import ExperimentNotFound, InvalidName, NameTaken, RunNotFound
from ..store.experiments import Experiment, Experiments


def names(found: list[Experiment]) -> list[str]:
    """Of all but the default one, which is always there."""
    return [experiment.name for experiment in found if experiment.id != "0"]


class ExperimentsContract:
    """Inherit it and say how your store is made."""

    def make_store(self, tmp_path: Path) -> Store:
        """A store that is empty at first; called again with the same path, the same store."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return self.make_store(tmp_path)

    @pytest.fixture
    def experiments(self, store: Store) -> Experiments:
        return store.experiments

    # What there is

    def test_the_default_one_is_always_there(self, store: Store) -> None:
        default = store.experiments.get("0")
        assert (default.id, default.name, default.deleted, dict(default.tags)) == ("0", "Default", False, {})
        assert store.experiments.named("Default") == default
        assert store.experiments.list() == [default]
        assert store.search(experiment="Default") == []
        with pytest.raises(NameTaken, match="Default"):
            store.experiments.create("Default")
        with pytest.raises(InvalidName, match="Default"):
            store.experiments.delete("0")

    def test_what_is_not_there(self, experiments: Experiments) -> None:
        for method in ("get", "named", "update", "delete", "restore"):
            with pytest.raises(ExperimentNotFound, match="123"):
                getattr(experiments, method)("123")

    def test_one_begins_with_its_first_run(self, store: Store) -> None:
        store.create("fruit/röd", "apple")
        found = store.experiments.named("fruit/röd")
        assert found.id.isdecimal() and found.id != "0"
        assert (found.deleted, dict(found.tags)) == (False, {})
        assert store.experiments.get(found.id) == found
        assert names(store.experiments.list()) == ["fruit/röd"]

    def test_a_run_of_the_default_one(self, store: Store) -> None:
        run = store.create("Default", "apple")
        assert [found.id for found in store.search(experiment="Default")] == [run.id]
        assert [found.id for found in store.experiments.list()] == ["0"]

    def test_one_is_created_once(self, store: Store, tmp_path: Path) -> None:
        made = store.experiments.create("fruit", tags={"team": "red", "größe": "5"})
        assert made.created is not None and made.created > 1_700_000_000_000
        assert (made.updated, dict(made.tags)) == (made.created, {"team": "red", "größe": "5"})
        other = self.make_store(tmp_path).experiments
        assert other.get(made.id) == other.named("fruit") == made
        assert store.search(experiment="fruit") == []
        with pytest.raises(NameTaken, match="fruit"):
            other.create("fruit")
        run = store.create("fruit", "apple")
        assert [found.id for found in store.search(experiment="fruit")] == [run.id]
        with pytest.raises(NameTaken, match="fruit"):
            store.experiments.create("fruit")
        assert names(store.experiments.list()) == ["fruit"]

    def test_a_run_takes_the_name(self, store: Store) -> None:
        store.create("fruit", "apple")
        with pytest.raises(NameTaken, match="fruit"):
            store.experiments.create("fruit")

    def test_they_come_by_name(self, store: Store) -> None:
        for name in ("c", "a", "B", "ä"):
            store.experiments.create(name)
        store.create("b", "apple")
        assert names(store.experiments.list()) == ["B", "a", "b", "c", "ä"]
        assert len({experiment.id for experiment in store.experiments.list()}) == 6

    @pytest.mark.parametrize("name", ["", "a\0b", "x" * 300, "\ud800"])
    def test_a_name_that_is_none(self, experiments: Experiments, name: str) -> None:
        made = experiments.create("fruit")
        with pytest.raises(InvalidName):
            experiments.create(name)
        with pytest.raises(InvalidName):
            experiments.update(made.id, name=name)
        assert names(experiments.list(deleted=None)) == ["fruit"]

    @pytest.mark.parametrize("name", [".hidden", "a/b", "..", "%2F", "C\\", "a\nb", "röd ✓", " a", "a~2"])
    def test_names_are_kept_as_they_are(self, store: Store, tmp_path: Path, name: str) -> None:
        made = store.experiments.create(name)
        store.create(name, "apple")
        other = self.make_store(tmp_path)
        assert other.experiments.named(name).id == made.id
        assert [run.experiment for run in other.search()] == [name]

    # Tags

    def test_tags_are_changed_one_by_one(self, experiments: Experiments) -> None:
        made = experiments.create("fruit", tags={"team": "red", "draft": "yes"})
        changed = experiments.update(made.id, tags={"team": "blue", "draft": None, "none": None, "new": ""})
        assert dict(changed.tags) == {"team": "blue", "new": ""}
        assert experiments.get(made.id) == changed
        assert changed.name == "fruit"
        assert (changed.updated or 0) > (made.updated or 0) and changed.created == made.created

    def test_tags_of_one_that_began_with_a_run(self, store: Store) -> None:
        store.create("fruit", "apple")
        made = store.experiments.named("fruit")
        assert dict(store.experiments.update(made.id, tags={"a": "1"}).tags) == {"a": "1"}
        assert dict(store.experiments.update("0", tags={"a": "2"}).tags) == {"a": "2"}
        assert [run.experiment for run in store.search()] == ["fruit"]

    @pytest.mark.parametrize("key", ["", "k" * 251])
    def test_a_tag_that_is_none(self, experiments: Experiments, key: str) -> None:
        with pytest.raises(InvalidName):
            experiments.create("fruit", tags={key: "x"})
        with pytest.raises(InvalidName):
            experiments.update("0", tags={key: "x"})
        assert names(experiments.list()) == []

    # Renaming

    def test_a_renamed_one_keeps_its_id_and_its_runs(self, store: Store, tmp_path: Path) -> None:
        run = store.create("fruit", "apple")
        before = store.experiments.named("fruit")
        after = store.experiments.update(before.id, name="obst")
        assert (after.id, after.name) == (before.id, "obst")
        for source in (store, self.make_store(tmp_path)):
            assert names(source.experiments.list()) == ["obst"]
            assert [found.id for found in source.search(experiment="obst")] == [run.id]
            assert source.get(run.id).experiment == "obst"
            assert [found.id for found in source.search("experiment = 'obst'")] == [run.id]
            with pytest.raises(ExperimentNotFound, match="fruit"):
                source.search(experiment="fruit")
            with pytest.raises(ExperimentNotFound, match="fruit"):
                source.experiments.named("fruit")

    def test_runs_come_to_the_new_name(self, store: Store, tmp_path: Path) -> None:
        runs = [store.create("fruit", "apple").id]
        store.experiments.update(store.experiments.named("fruit").id, name="obst")
        runs += [self.make_store(tmp_path).create("obst", "pear").id, store.create("obst", "kiwi").id]
        assert {found.id for found in store.search(experiment="obst")} == set(runs)
        assert names(store.experiments.list()) == ["obst"]

    def test_the_old_name_can_be_used_again(self, store: Store) -> None:
        first = store.create("fruit", "apple")
        old = store.experiments.named("fruit")
        store.experiments.update(old.id, name="obst")
        second = store.create("fruit", "pear")
        new = store.experiments.named("fruit")
        assert new.id != old.id
        assert [run.id for run in store.search(experiment="fruit")] == [second.id]
        assert [run.id for run in store.search(experiment="obst")] == [first.id]
        store.experiments.update(new.id, name="frukt")
        third = store.experiments.create("fruit")
        assert len({old.id, new.id, third.id}) == 3
        assert names(store.experiments.list()) == ["fruit", "frukt", "obst"]

    def test_names_change_places(self, store: Store) -> None:
        runs = {name: store.create(name, "apple").id for name in ("a", "b")}
        first, second = map(store.experiments.named, "ab")
        for id, name in ((first.id, "c"), (second.id, "a"), (first.id, "b")):
            store.experiments.update(id, name=name)
        assert [run.id for run in store.search(experiment="a")] == [runs["b"]]
        assert [run.id for run in store.search(experiment="b")] == [runs["a"]]

    def test_a_name_that_is_taken(self, store: Store) -> None:
        store.create("a", "apple")
        made = store.experiments.create("b")
        with pytest.raises(NameTaken, match="'a'"):
            store.experiments.update(made.id, name="a")
        assert store.experiments.update(made.id, name="b") == store.experiments.named("b")
        assert names(store.experiments.list()) == ["a", "b"]

    # Deleting

    def test_a_deleted_one_and_its_runs_come_back(self, store: Store, tmp_path: Path) -> None:
        run = store.create("fruit", "apple")
        other = store.create("veg", "leek")
        id = store.experiments.named("fruit").id
        store.experiments.delete(id)
        store.experiments.delete(id)
        for source in (store, self.make_store(tmp_path)):
            assert names(source.experiments.list()) == ["veg"]
            assert names(source.experiments.list(deleted=True)) == ["fruit"]
            assert names(source.experiments.list(deleted=None)) == ["fruit", "veg"]
            assert source.experiments.get(id).deleted and source.experiments.named("fruit").deleted
            assert [found.id for found in source.search()] == [other.id]
            assert [found.id for found in source.search("deleted = true")] == [run.id]
            assert source.search(experiment="fruit") == []
            assert source.get(run.id, deleted=True).deleted
            with pytest.raises(RunNotFound, match="experiment 'fruit'"):
                source.get(run.id)
            with pytest.raises(NameTaken, match="deleted"):
                source.experiments.create("fruit")
        store.experiments.restore(id)
        store.experiments.restore(id)
        assert store.get(run.id).experiment == "fruit"
        for deleted in (None, False):
            assert names(store.experiments.list(deleted=deleted)) == ["fruit", "veg"]

    # Together

    def test_only_one_of_many_creates_it(self, store: Store, tmp_path: Path) -> None:
        made: list[str] = []
        refused: list[str] = []
        stores = [self.make_store(tmp_path) for _ in range(4)]

        def work(experiments: Experiments) -> None:
            for number in range(10):
                try:
                    made.append(experiments.create(f"e{number}").name)
                except NameTaken:
                    refused.append(f"e{number}")

        threads = [threading.Thread(target=work, args=(source.experiments,)) for source in stores]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(made) == [f"e{number}" for number in range(10)]
        assert len(refused) == 30
        assert names(store.experiments.list()) == sorted(made)

    def test_another_process_sees_it_at_once(self, experiments: Experiments, tmp_path: Path) -> None:
        other = self.make_store(tmp_path).experiments
        id = experiments.create("fruit").id
        for number in range(5):
            mine, theirs = (experiments, other) if number % 2 else (other, experiments)
            mine.update(id, name=f"fruit {number}", tags={"number": str(number)})
            assert theirs.get(id) == mine.named(f"fruit {number}")
