"""What `autolog doctor` finds in a damaged store, and what it mends."""

from __future__ import annotations

from pathlib import Path

import pytest

from autolog.store.doctor import Doctor, Problem
from autolog.store.events import VERSION, End, Header, Join, Start
from autolog.store.folder import FolderStore

from .logs import HERE, alive, gone, write

ROOT = Path("store")
FOLDER = ROOT / "iris" / "20260101-000000-fit-run1"
ENDED = (Start(run=1, time=1, id="run1", name="fit"), End(run=1, time=2, status="FINISHED"))


def examined() -> list[Problem]:
    return list(Doctor(FolderStore(ROOT)).examine())


def mended() -> list[bool]:
    doctor = Doctor(FolderStore(ROOT))
    return [doctor.mend(problem) for problem in list(doctor.examine())]


def test_a_sound_store_has_no_problem() -> None:
    write(
        FOLDER,
        gone(),
        *ENDED,
        more=b'[1,"loss",0,3,"NaN"]\n[1,"loss",1,3,0.5,"newer"]\n{"event":"newer","run":1}\n',
    )
    assert examined() == []


def test_a_torn_last_line_is_no_problem() -> None:
    write(FOLDER, gone(), *ENDED, more=b'[1,"loss",0,')
    assert examined() == []


@pytest.mark.parametrize(
    "line", [b"nonsense", b"{", b"[1]", b'[1,"loss","x",3,0.5]', b'{"event":"end"}', b"\xff", b"\0" * 50]
)
def test_damaged_lines_are_moved_aside(line: bytes) -> None:
    file = write(FOLDER, gone(), *ENDED, more=line + b'\n[1,"loss",0,3,0.5]\n')
    (problem,) = examined()
    assert (problem.kind, problem.place) == (
        "damaged line",
        "iris/20260101-000000-fit-run1/events-gone.jsonl",
    )
    assert problem.what.startswith("line 4: ")
    before = file.read_bytes()
    assert mended() == [True]
    assert file.read_bytes() == before.replace(line + b"\n", b"")
    assert (FOLDER / "events-gone.damaged").read_bytes() == line + b"\n"
    assert examined() == []
    assert FolderStore(ROOT).get("run1").metrics == {"loss": 0.5}


def test_several_damaged_lines_are_all_moved_once() -> None:
    write(FOLDER, gone(), *ENDED, more=b"one\ntwo\n")
    assert mended() == [True, True]
    assert (FOLDER / "events-gone.damaged").read_bytes() == b"one\ntwo\n"


def test_the_file_of_a_living_process_is_left_alone() -> None:
    file = write(FOLDER, alive(), *ENDED, more=b"one\n")
    before = file.read_bytes()
    assert mended() == [False]
    assert file.read_bytes() == before


def test_a_file_without_a_header_is_reported() -> None:
    file = write(FOLDER, gone(), *ENDED)
    file.write_bytes(b"x" + file.read_bytes()[1:])
    assert [(p.kind, p.remedy) for p in examined()] == [("damaged line", "")]


def test_a_newer_format_is_not_judged() -> None:
    newer = Header(VERSION + 1, "new", HERE, 1, 1.0, 0)
    write(FOLDER, newer, *ENDED, more=b"nonsense\n")
    (problem,) = [p for p in examined() if p.kind != "orphan"]
    assert problem.kind == "newer format"


def test_a_stale_run_is_closed_in_the_log() -> None:
    write(FOLDER, gone(), ENDED[0])
    (problem,) = examined()
    assert (problem.kind, problem.place, problem.remedy) == ("stale run", "run1", "close")
    assert mended() == [True]
    run = FolderStore(ROOT).get("run1")
    assert (run.status, run.stale) == ("KILLED", False)
    assert run.error == problem.what
    assert run.error.endswith(f"on {HERE} is gone")
    assert examined() == []


def test_a_living_run_is_not_stale() -> None:
    write(FOLDER, alive(), ENDED[0])
    assert examined() == []


def test_nested_runs_without_their_parent() -> None:
    write(
        FOLDER,
        gone(),
        *ENDED,
        Start(run=2, time=1, id="kid1", parent="lost"),
        End(run=2, time=2, status="FAILED"),
    )
    write(FOLDER, gone("other"), Join(run=1, time=1, id="half"), End(run=1, time=2, status="FAILED"))
    assert [(p.kind, p.place) for p in examined()] == [("orphan", "kid1"), ("orphan", "half")]
    assert mended() == [False, False]


def test_leftovers_are_removed_once_nobody_writes_them() -> None:
    write(FOLDER, alive(), *ENDED)
    draft = FOLDER / "artifacts" / ".0123456789abcdef.part"
    draft.mkdir(parents=True)
    (draft / "model.bin").write_bytes(b"half")
    assert examined() == []
    for file in FOLDER.glob("events-*"):
        file.unlink()
    write(FOLDER, gone(), *ENDED)
    assert [problem.kind for problem in examined()] == ["leftover"]
    assert mended() == [True]
    assert not draft.exists()


def test_a_broken_index_is_removed_and_built_again() -> None:
    write(FOLDER, gone(), *ENDED)
    assert len(FolderStore(ROOT).search()) == 1
    index = ROOT / ".autolog" / "index.sqlite"
    index.write_bytes(b"nonsense" * 1000)
    assert [problem.kind for problem in examined()] == ["index"]
    index.write_bytes(b"nonsense" * 1000)
    assert mended() == [True]
    assert len(FolderStore(ROOT).search()) == 1
