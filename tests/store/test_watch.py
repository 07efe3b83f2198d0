"""New things are found wherever they appear, and looking is cheap where nothing happens."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from autolog.store.events import End, Start, line
from autolog.store.folder import FolderStore
from autolog.store.index.watch import Watcher
from tests.store.logs import gone, write

T0 = 1_732_345_678_000


def add(root: Path, folder: str, writer: str = "w") -> Path:
    return write(root / folder, gone(writer), Start(1, T0, id="abcd1111", name="apple"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("fruit/a-1", "fruit/b-2", "nuts/c-3"):
        add(tmp_path / "store", folder)
    return tmp_path / "store"


def long_ago(root: Path) -> None:
    """Make every folder look as if nothing had changed for an hour."""
    when = time.time() - 3_600
    for path in [root, *root.rglob("*")]:
        if path.is_dir():
            os.utime(path, (when, when))


@pytest.fixture
def watcher(root: Path) -> Watcher:
    """One that has looked at everything, and will not do so again by itself."""
    long_ago(root)
    made = Watcher(root, [])
    made.look([])
    made._next_full = float("inf")
    made._lately.clear()
    return made


def test_the_first_look_finds_everything(root: Path) -> None:
    news = Watcher(root, []).look([])
    assert sorted(news.changed) == [f"{f}/events-w.jsonl" for f in ("fruit/a-1", "fruit/b-2", "nuts/c-3")]
    assert news.gone == []


def test_what_is_indexed_already_is_no_news(root: Path) -> None:
    files = list(root.rglob("*.jsonl"))
    read = [(str(f.relative_to(root)), f.stat().st_size, f.stat().st_ino) for f in files]
    assert Watcher(root, read).look([]) == ([], [])


@pytest.mark.parametrize("folder", ["fruit/d-4", "new/e-5"])
def test_new_folders_are_found_at_once(root: Path, watcher: Watcher, folder: str) -> None:
    add(root, folder)
    assert watcher.look([]) == ([f"{folder}/events-w.jsonl"], [])


@pytest.mark.parametrize("gone", ["fruit/a-1", "nuts"])
def test_folders_that_went_are_found_at_once(root: Path, watcher: Watcher, gone: str) -> None:
    shutil.rmtree(root / gone)
    news = watcher.look([])
    assert (news.changed, news.gone) == ([], [{"nuts": "nuts/c-3"}.get(gone, gone)])


def change(root: Path) -> None:
    with (root / "fruit/a-1/events-w.jsonl").open("ab") as file:
        file.write(line(End(1, T0, status="FINISHED")))


def test_running_runs_are_always_looked_at(root: Path, watcher: Watcher) -> None:
    change(root)
    assert watcher.look([]) == ([], [])
    assert watcher.look(["fruit/a-1"]) == (["fruit/a-1/events-w.jsonl"], [])
    assert watcher.look(["fruit/a-1"]) == ([], [])


def announce(root: Path, watcher: Watcher) -> None:
    (root / ".autolog").mkdir()
    (root / ".autolog" / "joined").touch()


def time_for_it(root: Path, watcher: Watcher) -> None:
    watcher._next_full = 0.0


def changed_lately(root: Path, watcher: Watcher) -> None:
    watcher._lately["fruit/a-1"] = time.monotonic()


@pytest.mark.parametrize("cause", [announce, time_for_it, changed_lately])
def test_old_runs_are_looked_at_when_there_is_a_reason(
    root: Path, watcher: Watcher, cause: Callable[[Path, Watcher], None]
) -> None:
    change(root)
    add(root, "fruit/a-1", "another")
    cause(root, watcher)
    news = watcher.look([])
    assert sorted(news.changed) == ["fruit/a-1/events-another.jsonl", "fruit/a-1/events-w.jsonl"]
    assert watcher.look([]) == ([], [])


def test_a_file_less_means_its_folder_is_read_anew(root: Path, watcher: Watcher) -> None:
    add(root, "fruit/a-1", "another")
    assert watcher.look(["fruit/a-1"]).gone == []
    (root / "fruit/a-1/events-w.jsonl").unlink()
    assert watcher.look(["fruit/a-1"]).gone == ["fruit/a-1"]


def test_two_changes_within_a_tick_of_the_clock(root: Path, watcher: Watcher) -> None:
    add(root, "fruit/d-4")
    watcher.look([])
    when = (root / "fruit").stat()
    add(root, "fruit/e-5")
    os.utime(root / "fruit", ns=(when.st_atime_ns, when.st_mtime_ns))  # as if the clock had not moved
    assert watcher.look([]).changed == ["fruit/e-5/events-w.jsonl"]


def test_old_folders_cost_nothing(root: Path, watcher: Watcher, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[str] = []
    stat = os.stat
    monkeypatch.setattr(os, "stat", lambda path, *a, **k: looked_at.append(str(path)) or stat(path, *a, **k))
    monkeypatch.setattr(os, "scandir", lambda path: pytest.fail(f"{path} was listed"))
    watcher.look([])
    below = {str(Path(path).relative_to(root)) for path in looked_at}
    assert below == {".", "fruit", "nuts", ".autolog/joined"}


def test_a_full_look_takes_a_twentieth_of_the_time_at_most(root: Path) -> None:
    watcher = Watcher(root, [])
    before = time.monotonic()
    watcher.look([])
    after = time.monotonic()
    assert before < watcher._next_full <= after + 19 * (after - before)


def test_other_things_in_a_store_are_no_runs(root: Path) -> None:
    (root / "README").write_text("hello")
    (root / "fruit" / "notes.txt").write_text("hello")
    (root / "fruit" / "a-1" / "events.txt").write_text("hello")
    (root / ".autolog" / "live").mkdir(parents=True)
    (root / "empty" / "folder").mkdir(parents=True)
    assert len(Watcher(root, []).look([]).changed) == 3


def test_a_run_joined_elsewhere_is_read_at_once(tmp_path: Path) -> None:
    store, elsewhere = FolderStore(tmp_path / "store"), FolderStore(tmp_path / "store")
    id = store.create("fruit", "apple").id
    store.join(id).write(End(0, T0, status="FINISHED"))
    long_ago(store.path)
    assert elsewhere.get(id).metrics == {}
    elsewhere.index._watcher._next_full = float("inf")
    elsewhere.index._watcher._lately.clear()
    store.join(id).point("late score", 0, T0, 0.5)
    assert elsewhere.get(id).metrics == {"late score": 0.5}
