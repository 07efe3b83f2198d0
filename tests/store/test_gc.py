"""What `autolog gc` frees, and what it leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from autolog.store.events import Delete, End, Event, Header, Join, Metrics, Start
from autolog.store.folder import FolderStore
from autolog.store.gc import Freed, collect
from autolog.store.survey import survey
from autolog.store.writer import size_of

from .logs import alive, gone, write

ROOT = Path("store")
FOLDER = ROOT / "iris" / "20260101-000000-search-top"
TRASH = ROOT / ".autolog/trash"
NOW = 1_000_000


@pytest.fixture
def family() -> Path:
    """A search with two trials, all ended, with a file each."""
    events = [
        Start(run=1, time=1, id="top1", name="search"),
        Start(run=2, time=2, id="kid1", parent="top1", name="trial 0"),
        Start(run=3, time=3, id="kid2", parent="top1", name="trial 1"),
        Metrics(run=2, time=4, step=0, metrics={"score": 1.0}),
        *(End(run=number, time=5, status="FINISHED") for number in (3, 2, 1)),
    ]
    artifacts(FOLDER / "artifacts", 100)
    artifacts(FOLDER / "artifacts/.runs/kid1", 1000)
    artifacts(FOLDER / "artifacts/.runs/kid2", 1000)
    return write(FOLDER, gone(), *events, more=b'[2,"loss",0,4,0.5]\n[3,"loss",0,4,0.7]\n')


def artifacts(folder: Path, size: int) -> None:
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(b"x" * size)


def delete(id: str, *more: Event, writer: str = "cli", time: int = 10) -> Path:
    return write(FOLDER, gone(writer), Join(run=1, time=time, id=id), Delete(run=1, time=time), *more)


def collected(before: int = NOW, *, dry_run: bool = False) -> list[Freed]:
    return list(collect(FolderStore(ROOT), before=before, dry_run=dry_run))


def on_disk() -> int:
    return size_of(ROOT)


def test_nothing_deleted_nothing_freed(family: Path) -> None:
    before = on_disk()
    assert collected() == []
    assert on_disk() == before


def test_a_run_at_the_top_goes_with_its_folder(family: Path) -> None:
    delete("top1")
    before = on_disk()
    assert collected() == [Freed(runs=3, bytes=before)]
    assert [path.name for path in ROOT.rglob("*") if not path.name.startswith(".")] == []


def test_of_a_nested_run_files_and_events_go(family: Path) -> None:
    delete("kid1")
    before = on_disk()
    (freed,) = collected()
    assert (freed.runs, freed.bytes, freed.kept) == (1, before - on_disk(), ())
    assert set(survey(FOLDER)) == {"top1", "kid2"}
    assert sorted(p.name for p in FOLDER.iterdir()) == ["artifacts", "events-gone.jsonl"]
    text = family.read_text()
    assert '[3,"loss"' in text
    assert '[2,"loss"' not in text
    assert "kid1" not in text
    assert not (FOLDER / "artifacts/.runs/kid1").exists()
    assert (FOLDER / "artifacts/.runs/kid2/model.bin").exists()
    assert collected() == []


@pytest.mark.parametrize("id", ["top1", "kid1"])
def test_a_dry_run_says_the_same_and_frees_nothing(family: Path, id: str) -> None:
    delete(id)
    files = {path: path.read_bytes() for path in ROOT.rglob("*") if path.is_file()}
    (said,) = collected(dry_run=True)
    assert files == {path: path.read_bytes() for path in ROOT.rglob("*") if path.is_file()}
    (done,) = collected()
    assert said.runs == done.runs
    header = len(files[FOLDER / "events-cli.jsonl"].splitlines(True)[0])
    assert done.bytes - said.bytes in (0, header)  # a file with nothing else left goes too


def test_a_restored_run_stays(family: Path) -> None:
    delete("top1", Delete(run=1, time=11, deleted=False))
    assert collected() == []


def test_a_run_deleted_lately_stays(family: Path) -> None:
    delete("top1", time=500)
    assert collected(before=499) == []
    assert len(collected(before=500)) == 1


def test_unknown_lines_stay_and_those_of_a_freed_run_go(family: Path) -> None:
    with family.open("ab") as file:
        file.write(b'{"event":"later","run":3,"time":6}\n{"event":"later","run":2,"time":6}\nnonsense\n')
    delete("kid1")
    collected()
    assert family.read_bytes().endswith(b'{"event":"later","run":3,"time":6}\nnonsense\n')


def test_a_run_that_still_runs_stays(family: Path) -> None:
    write(FOLDER, alive(), Join(run=1, time=7, id="top1", resumed=True))
    delete("top1")
    before = on_disk()
    (freed,) = collected()
    assert (freed.runs, freed.bytes) == (0, 0)
    assert freed.kept == ("run top1 is still running",)
    assert on_disk() == before


def test_the_file_of_a_living_process_is_not_rewritten(family: Path) -> None:
    file = write(FOLDER, alive(), Join(run=1, time=6, id="kid1"))
    text = file.read_bytes()
    delete("kid1")
    (freed,) = collected()
    assert freed.bytes == 1000
    assert len(freed.kept) == 1
    assert file.read_bytes() == text
    assert survey(FOLDER)["kid1"].deleted == 10  # still deleted, to be freed another time


def test_a_folder_that_cannot_be_read_stays(family: Path) -> None:
    for damage in (b"x", b'{"autolog":99'):
        other = write(FOLDER, gone("other"), Start(run=1, time=1, id="another"))
        other.write_bytes(other.read_bytes().replace(b'{"autolog":1', damage))
        delete("top1")
        before = on_disk()
        (freed,) = collected()
        assert (freed.runs, len(freed.kept)) == (0, 1)
        assert on_disk() == before


def test_what_is_nested_in_a_lost_run_does_not_take_its_folder_along(family: Path) -> None:
    lines = family.read_bytes().splitlines(True)
    family.write_bytes(b"".join([lines[0], b"damaged\n", *lines[2:]]))
    delete("kid1")
    delete("kid2", writer="cli2")
    assert [freed.runs for freed in collected()] == [2]
    assert (FOLDER / "artifacts/model.bin").exists()


def test_a_folder_whose_removal_was_interrupted_is_removed(family: Path) -> None:
    TRASH.mkdir(parents=True)
    FOLDER.rename(TRASH / "half")
    collected()
    assert not TRASH.exists()


def test_a_link_to_a_folder_is_not_followed(family: Path) -> None:
    delete("top1")
    elsewhere = Path("elsewhere")
    FOLDER.rename(elsewhere)
    FOLDER.symlink_to(elsewhere.absolute())
    assert collected() == []
    assert (elsewhere / "artifacts/model.bin").exists()


def test_a_writer_on_another_host_counts_as_gone_without_a_sign(family: Path) -> None:
    far: Header = gone("far", host="elsewhere")
    write(FOLDER, far, Join(run=1, time=6, id="kid1"))
    delete("kid1")
    live = ROOT / ".autolog/live"
    live.mkdir(parents=True)
    (live / "far").touch()
    assert len(collected()[0].kept) == 1
    (live / "far").unlink()
    assert collected()[0].kept == ()


@pytest.mark.parametrize("deleted", ["top1", "kid1"])
def test_a_model_that_is_registered_stays(family: Path, deleted: str) -> None:
    registry = FolderStore(ROOT).registry
    registry.register("fraud", "runs:/kid1/model.bin")
    delete(deleted)
    parts = collected()
    (said,) = [reason for part in parts for reason in part.kept]
    assert said == "run kid1 holds the model of models:/fraud/1"
    assert sum(part.runs for part in parts) == (1 if deleted == "top1" else 0)  # the other trial
    assert set(survey(FOLDER)) == ({"top1", "kid1"} if deleted == "top1" else {"top1", "kid1", "kid2"})
    assert registry.path(registry.version("fraud", 1)).stat().st_size == 1000


def test_when_its_version_is_deleted_it_goes(family: Path) -> None:
    registry = FolderStore(ROOT).registry
    registry.register("fraud", "runs:/kid1/model.bin")
    delete("top1")
    collected()
    registry.delete_version("fraud", 1)
    assert [part.runs for part in collected()] == [2]
    assert not FOLDER.exists()


def test_a_copied_model_keeps_no_run(family: Path) -> None:
    FolderStore(ROOT).registry.register("fraud", FOLDER / "artifacts/.runs/kid1", run_id="kid1")
    delete("top1")
    assert [part.runs for part in collected()] == [3]
