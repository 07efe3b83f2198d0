"""The files that hold a folder store's experiments: merged, torn, damaged, half written."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from autolog.store.doctor import Doctor
from autolog.store.errors import NameTaken
from autolog.store.experiments.folder import FolderExperiments
from autolog.store.folder import FolderStore


def shown(path: str) -> dict[str, list[str]]:
    """The names of runs by their experiments."""
    store = FolderStore(path)
    experiments = [experiment.name for experiment in store.experiments.list() if experiment.id != "0"]
    return {name: sorted(run.name for run in store.search(experiment=name)) for name in experiments}


def notes(folder: str) -> Path:
    [file] = Path("store", ".autolog", "experiments", folder).glob("events-*.jsonl")
    return file


def test_a_run_leaves_no_file() -> None:
    FolderStore("store").create("fruit", "apple")
    assert [path.name for path in Path("store").iterdir()] == ["fruit"]


def test_other_folders_are_no_experiments() -> None:
    store = FolderStore("store")
    store.create("fruit", "apple")
    Path("store/notes/deep").mkdir(parents=True)
    Path("store/readme").touch()
    assert list(shown("store")) == ["fruit"]
    shutil.rmtree("store/fruit")
    assert [experiment.name for experiment in store.experiments.list()] == ["Default"]


def test_a_folder_is_made_again_after_it_was_renamed_and_removed() -> None:
    store = FolderStore("store")
    store.create("fruit", "apple")
    store.experiments.update(store.experiments.named("fruit").id, name="obst")
    store.create("fruit", "pear")
    assert sorted(path.name for path in Path("store").glob("fruit*")) == ["fruit", "fruit~2"]
    assert shown("store") == {"fruit": ["pear"], "obst": ["apple"]}
    Path("store").rename("moved")
    assert shown("moved") == {"fruit": ["pear"], "obst": ["apple"]}


def test_of_two_with_one_name_the_one_whose_folder_it_is_has_it() -> None:
    for path, name in (("store", "fruit"), ("other", "obst")):
        FolderStore(path).create(name, f"of {path}")
    store = FolderStore("store")
    store.experiments.update(store.experiments.named("fruit").id, name="obst")
    assert shown("store") == {"obst": ["of store"]}
    shutil.copytree("other/obst", "store/obst")
    assert shown("store") == {"obst": ["of other"], "obst~2": ["of store"]}
    assert {run.experiment for run in store.search()} == {"obst", "obst~2"}  # an index that knew the other
    assert store.create("obst", "new").folder.parent.name == "obst"
    shutil.rmtree("store/obst")
    assert shown("store") == {"obst": ["of store"]}


def test_an_index_that_is_built_anew_has_the_names() -> None:
    store = FolderStore("store")
    runs = [store.create(name, "apple").id for name in ("a", "b", "c")]
    for name, new in (("a", "x"), ("b", "a")):
        store.experiments.update(store.experiments.named(name).id, name=new)
    store.experiments.delete(store.experiments.named("c").id)
    Path("store/.autolog/index.sqlite").unlink(missing_ok=True)
    anew = FolderStore("store")
    assert [anew.get(id, deleted=True).experiment for id in runs] == ["x", "a", "c"]
    assert {run.id for run in anew.search()} == set(runs[:2])


def test_who_is_later_to_a_name_gives_it_back(monkeypatch: pytest.MonkeyPatch) -> None:
    store, other = FolderStore("store"), FolderStore("store")
    made = store.experiments.create("fruit")
    check = FolderExperiments._check_free

    def too_early(self: FolderExperiments, name: str) -> None:
        check(self, name)
        monkeypatch.setattr(FolderExperiments, "_check_free", check)
        other.experiments.create("obst")

    monkeypatch.setattr(FolderExperiments, "_check_free", too_early)
    with pytest.raises(NameTaken, match="obst"):
        store.experiments.update(made.id, name="obst")
    assert list(shown("store")) == ["fruit", "obst"]


def test_torn_and_damaged_lines_lose_only_themselves() -> None:
    store = FolderStore("store")
    made = store.experiments.create("fruit", tags={"a": "1"})
    with open(notes("fruit"), "ab") as file:
        file.write(b'{"event":"update","time":9999999999999,"na\n{"event":"shine","time":1}\n{"event":"upd')
    assert FolderStore("store").experiments.get(made.id) == store.experiments.get(made.id) == made
    problems = list(Doctor(store).examine())
    assert [(problem.kind, problem.remedy) for problem in problems] == [("damaged line", "")]


def test_doctor_finds_what_was_never_finished() -> None:
    store = FolderStore("store")
    store.experiments.create("fruit")
    draft = Path("store/.autolog/experiments", f".{os.urandom(8).hex()}.part")
    draft.mkdir()
    [problem] = Doctor(store).examine()
    assert (problem.kind, Path("store", problem.place)) == ("leftover", draft)
    assert Doctor(store).mend(problem)
    assert list(Doctor(store).examine()) == []


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_store_that_cannot_be_written_is_read() -> None:
    store = FolderStore("store")
    made = store.experiments.create("fruit")
    os.chmod("store/.autolog/experiments/fruit", 0o500)
    with pytest.raises(PermissionError):
        FolderExperiments(Path("store").absolute()).update(made.id, tags={"a": "1"})
    assert store.experiments.get(made.id) == made
