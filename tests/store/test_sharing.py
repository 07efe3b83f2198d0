"""The same content costs its bytes once, and sharing them harms nobody."""

from __future__ import annotations

import os
import random
import stat
from pathlib import Path

import pytest
from sklearn.ensemble import RandomForestClassifier

import autolog
from autolog.store import sharing
from autolog.store.events import Delete, End
from autolog.store.folder import FolderStore
from autolog.store.gc import collect
from autolog.store.log import now

SIZE = 1 << 20
CONTENT = random.Random(0).randbytes(SIZE)
NOTES = Path("store/.autolog/content")


@pytest.fixture
def store() -> FolderStore:
    return FolderStore("store")


def logged(store: FolderStore, content: bytes = CONTENT, path: str = "data.bin") -> Path:
    """The file of a run of its own."""
    writer = store.create("iris", "run")
    with writer.artifact(path) as draft:
        draft.parent.mkdir(exist_ok=True)
        draft.write_bytes(content)
    writer.write(End(run=0, time=now(), status="FINISHED"))
    return store.artifacts(writer.id).path(path)


def blocks(*files: Path) -> int:
    """Bytes that the files take on the disk."""
    held = {file.stat().st_ino: file.stat().st_blocks for file in files}
    return sum(held.values()) * 512


def test_two_runs_with_one_content(store: FolderStore) -> None:
    one, other, third = logged(store), logged(store), logged(store, path="below/other name")
    assert {file.read_bytes() for file in (one, other, third)} == {CONTENT}
    assert [file.stat().st_nlink for file in (one, other, third)] == [3, 3, 3]
    assert blocks(one, other, third) < 1.1 * SIZE


def test_files_of_a_folder_share_with_each_others(store: FolderStore) -> None:
    writer = store.create("iris", "run")
    for name in ("a", "b"):
        with writer.artifact(name) as draft:
            draft.mkdir()
            (draft / "same").write_bytes(CONTENT)
            (draft / "own").write_bytes(name.encode() * SIZE)
    files = store.artifacts(writer.id)
    assert [files.path(name).stat().st_nlink for name in files] == [1, 2, 1, 2]


def test_models_that_are_equal_share_their_files() -> None:
    forest = RandomForestClassifier(20, random_state=0).fit([[0.0], [1.0], [2.0]] * 10, [0, 1, 1] * 10)
    places = []
    for _ in range(2):
        with autolog.run("fit"):
            info = autolog.log_model(forest)
            assert info is not None
        places.append(info.files["model.skops"])
    assert places[0] == places[1]
    saved = sorted(Path("autoruns").rglob("model.skops"))
    assert [file.stat().st_nlink for file in saved] == [2, 2]
    assert autolog.load_model(saved[0].parent).predict([[2.0]]).tolist() == [1]


def test_a_registered_copy_shares_with_the_first(store: FolderStore, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights").write_bytes(CONTENT)
    for _ in range(2):
        store.registry.register("net", tmp_path / "model")
    first, second = (store.registry.path(store.registry.version("net", n)) / "weights" for n in (1, 2))
    assert first.stat().st_ino == second.stat().st_ino
    assert (tmp_path / "model" / "weights").stat().st_nlink == 1


def test_other_content_is_not_shared(store: FolderStore) -> None:
    changed = bytearray(CONTENT)
    changed[100_000] ^= 1  # between two samples
    one, other = logged(store), logged(store, bytes(changed))
    assert sharing._key(one) == sharing._key(other)
    assert (one.read_bytes(), other.read_bytes()) == (CONTENT, changed)
    assert one.stat().st_nlink == other.stat().st_nlink == 1
    assert logged(store).stat().st_ino == one.stat().st_ino


def test_small_files_are_left_alone(store: FolderStore) -> None:
    assert [logged(store, CONTENT[:4095]).stat().st_nlink for _ in range(2)] == [1, 1]
    assert not NOTES.exists()


def test_a_shared_file_cannot_be_changed_by_mistake(store: FolderStore) -> None:
    one = logged(store)
    assert one.stat().st_mode & stat.S_IWUSR
    other = logged(store)
    assert not (one.stat().st_mode | other.stat().st_mode) & 0o222
    one.unlink()  # an editor writes a new file
    one.write_bytes(b"edited")
    assert other.read_bytes() == CONTENT


def test_what_was_changed_in_place_is_shared_no_more(store: FolderStore) -> None:
    one = logged(store)
    with open(one, "r+b") as file:
        file.seek(100_000)
        file.write(b"edited")
    other = logged(store)
    assert other.read_bytes() == CONTENT
    assert one.read_bytes() != CONTENT


def test_replacing_an_artifact_leaves_the_others(store: FolderStore) -> None:
    other = logged(store)
    writer = store.create("iris", "run")
    for content in (CONTENT, b"new"):
        with writer.artifact("data.bin") as draft:
            draft.write_bytes(content)
    assert store.artifacts(writer.id).path("data.bin").read_bytes() == b"new"
    assert (other.read_bytes(), other.stat().st_nlink) == (CONTENT, 1)


@pytest.mark.parametrize("folder", [False, True])
def test_logging_the_same_again_changes_nothing(store: FolderStore, folder: bool) -> None:
    writer = store.create("iris", "run")
    for _ in range(3):
        with writer.artifact("data") as draft:
            if folder:
                draft.mkdir()
            (draft / "file" if folder else draft).write_bytes(CONTENT)
    (name,) = store.artifacts(writer.id)
    file = store.artifacts(writer.id).path(name)
    assert (file.read_bytes(), file.stat().st_nlink) == (CONTENT, 1)
    assert list(Path("store").rglob("*.part")) == []
    sharing.tidy(Path("store").resolve())
    assert sum(len(notes.read_bytes().splitlines()) for notes in NOTES.iterdir()) == 1


def test_links_to_files_of_the_user_are_not_touched(store: FolderStore, tmp_path: Path) -> None:
    mine = tmp_path / "last.ckpt"
    mine.write_bytes(CONTENT)
    writer = store.create("iris", "run")
    with writer.artifact("last.ckpt") as draft:
        os.link(mine, draft)
    assert logged(store).stat().st_nlink == 1
    mine.write_bytes(b"the next epoch")
    assert [logged(store).stat().st_nlink for _ in range(2)] == [2, 3]


def test_notes_are_not_believed(store: FolderStore, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(CONTENT)
    key = sharing._key(outside)
    notes = NOTES / key[-2:]
    notes.parent.mkdir(parents=True)
    lines = ["../outside", str(outside), "%00", "", "..", "nothing", "%FF%FE", ".autolog/content"]
    notes.write_bytes("".join(f"{key} {line}\n" for line in lines).encode() + b"\xff\xfe\n\n")
    assert logged(store).stat().st_nlink == 1
    assert outside.stat().st_nlink == 1
    assert logged(store).stat().st_nlink == 2


def test_notes_can_be_deleted_at_any_time(store: FolderStore) -> None:
    first = logged(store)
    for file in NOTES.iterdir():
        file.unlink()
    assert logged(store).stat().st_ino != first.stat().st_ino
    assert logged(store).stat().st_nlink == 2


def test_a_store_that_was_moved_goes_on_sharing(store: FolderStore) -> None:
    logged(store)
    Path("store").rename("moved")
    assert logged(FolderStore("moved")).stat().st_nlink == 2


def test_without_links_there_are_copies(store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*paths: object) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(sharing.os, "link", refuse)
    files = [logged(store), logged(store)]
    assert [file.read_bytes() for file in files] == [CONTENT, CONTENT]
    assert all(file.stat().st_mode & stat.S_IWUSR for file in files)
    assert [path.name for path in Path("store").rglob("*.part")] == []


def delete(store: FolderStore, id: str) -> None:
    writer = store.join(id)
    writer.write(Delete(run=0, time=now()))
    writer.close()


def test_gc_frees_bytes_with_their_last_name(store: FolderStore) -> None:
    files = [logged(store), logged(store)]
    first, second = (store.search(order_by=["start_time"])[number].id for number in (0, 1))
    delete(store, first)
    (freed,) = collect(store, before=now(), dry_run=True)
    assert 0 < freed.bytes < SIZE
    assert list(collect(store, before=now())) == [freed]
    assert sorted(file.exists() for file in files) == [False, True]
    (kept,) = [file for file in files if file.exists()]
    assert kept.read_bytes() == CONTENT
    delete(store, second)
    (freed,) = collect(store, before=now())
    assert SIZE < freed.bytes < 1.1 * SIZE
    assert [file.read_bytes() for file in NOTES.iterdir()] == [b""]


def test_gc_knows_beforehand_what_several_runs_free(store: FolderStore) -> None:
    for _ in range(3):
        logged(store)
    for run in store.search():
        delete(store, run.id)
    planned = sum(freed.bytes for freed in collect(store, before=now(), dry_run=True))
    assert SIZE < planned < 1.1 * SIZE
    assert sum(freed.bytes for freed in collect(store, before=now())) == planned
