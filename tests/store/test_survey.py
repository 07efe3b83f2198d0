"""What log files say about their runs, and which processes live."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from autolog.store.events import Delete, End, Event, Join, Start
from autolog.store.survey import RunFacts, below, is_alive, survey

from .logs import alive, gone, write

FOLDER = Path("store/iris/run")
LIVE = Path("store/.autolog/live")


def surveyed(*events: Event) -> RunFacts:
    write(FOLDER, gone(), Start(run=1, time=1, id="run1", name="fit"), *events)
    return survey(FOLDER)["run1"]


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ([], None),
        ([End(run=1, time=2, status="FAILED")], "FAILED"),
        ([End(run=1, time=3, status="FINISHED"), End(run=1, time=2, status="FAILED")], "FINISHED"),
        ([End(run=1, time=2, status="FAILED"), Join(run=2, time=3, id="run1", resumed=True)], None),
        ([End(run=1, time=2, status="FAILED"), Join(run=2, time=3, id="run1")], "FAILED"),
    ],
)
def test_the_latest_end_or_resumption_holds(events: list[Event], status: str | None) -> None:
    run = surveyed(*events)
    assert (run.end and run.end.status) == status


@pytest.mark.parametrize(
    ("events", "deleted"),
    [
        ([], None),
        ([Delete(run=1, time=5)], 5),
        ([Delete(run=1, time=5), Delete(run=1, time=6, deleted=False)], None),
        ([Delete(run=1, time=6, deleted=False), Delete(run=1, time=5)], None),
    ],
)
def test_the_latest_deletion_or_restoration_holds(events: list[Event], deleted: int | None) -> None:
    assert surveyed(*events).deleted == deleted


def test_files_of_several_processes_make_one_run() -> None:
    write(FOLDER, gone("b"), Start(run=7, time=3, id="kid1", parent="run1", name="late"))
    write(FOLDER, gone("a"), Start(run=1, time=2, id="kid1", parent="run1", name="early"))
    write(FOLDER, gone("c"), Join(run=1, time=9, id="kid1"), End(run=1, time=9, status="FINISHED"))
    (run,) = survey(FOLDER).values()
    assert (run.name, run.start_time, run.parent) == ("early", 2, "run1")
    assert sorted(writer.writer for writer in run.writers) == ["a", "b", "c"]


def test_below() -> None:
    events = [Start(run=n, time=n, id=f"r{n}", parent=f"r{n - 1}" if n % 3 else None) for n in range(9)]
    write(FOLDER, gone(), *events)
    assert below(survey(FOLDER), {"r4", "r6"}) == {"r4", "r5", "r6", "r7", "r8"}


def test_a_process_is_known_by_its_pid_and_birth() -> None:
    here = alive()
    assert is_alive(here, LIVE)
    assert not is_alive(gone(), LIVE)
    assert is_alive(msgspec.structs.replace(here, born=None), LIVE)
    assert not is_alive(msgspec.structs.replace(here, pid=2**22 + 1, born=None), LIVE)


def test_a_process_elsewhere_is_known_by_its_live_file() -> None:
    far = gone("far", host="elsewhere")
    assert not is_alive(far, LIVE)
    LIVE.mkdir(parents=True)
    (LIVE / "far").touch()
    assert is_alive(far, LIVE)
    os.utime(LIVE / "far", (1, 1))
    assert not is_alive(far, LIVE)
