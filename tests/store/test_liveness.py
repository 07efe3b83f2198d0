"""A run whose process is gone reads as stale, or as killed when the process left word."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autolog.store.events import End, Header, Join, Start, line
from autolog.store.folder import FolderStore
from tests.store.logs import HERE, alive, gone, write

T0 = 1_732_345_678_000
FOLDER = "fruit/20241123-070758-apple-abcd1111"
START = Start(1, T0, id="abcd1111", name="apple")


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


@pytest.mark.parametrize(("who", "stale"), [(alive(), False), (gone(), True), (gone(host="elsewhere"), True)])
def test_stale(store: FolderStore, who: Header, stale: bool) -> None:
    write(store.path / FOLDER, who, START)
    run = store.get("abcd1111")
    assert (run.status, run.stale, run.error) == ("RUNNING", stale, None)
    assert [run.id for run in store.search("stale = true")] == ["abcd1111"] * stale


def test_an_ended_run_is_not_stale(store: FolderStore) -> None:
    write(store.path / FOLDER, gone(), START, End(1, T0 + 1, status="FINISHED"))
    assert not store.get("abcd1111").stale


@pytest.mark.parametrize(("silent", "stale"), [(10, False), (400, True)])
def test_another_machine_is_known_by_its_heartbeat(store: FolderStore, silent: int, stale: bool) -> None:
    write(store.path / FOLDER, gone(host="elsewhere"), START)
    live_file(store, time.time() - silent, "")
    assert store.get("abcd1111").stale is stale
    os.utime(store.live_folder / "gone")
    assert not store.get("abcd1111").stale


def live_file(store: FolderStore, when: float, text: str) -> None:
    store.live_folder.mkdir(parents=True)
    file = store.live_folder / "gone"
    file.write_bytes(line(gone()) + text.encode())
    os.utime(file, (when, when))


def test_a_process_stopped_by_a_signal_left_word(store: FolderStore) -> None:
    write(store.path / FOLDER, gone(), START)
    live_file(store, T0 / 1000 + 5, "Current thread 0x1 (most recent call first):\n  File x.py\n")
    run = store.get("abcd1111")
    assert (run.status, run.stale, run.end_time) == ("KILLED", False, T0 + 5_000)
    assert run.error == f"SIGTERM: process {os.getpid()} on {HERE} was stopped by a signal"
    assert [run.id for run in store.search("status = 'KILLED'")] == ["abcd1111"]


def test_a_killed_run_can_go_on(store: FolderStore) -> None:
    write(store.path / FOLDER, gone(), START)
    live_file(store, T0 / 1000, "Current thread\n")
    assert store.get("abcd1111").status == "KILLED"
    write(store.path / FOLDER, alive(), Join(1, T0 + 10_000, id="abcd1111", resumed=True))
    run = store.get("abcd1111")
    assert (run.status, run.stale, run.error, run.end_time) == ("RUNNING", False, None, None)


def test_a_process_that_dies_is_noticed(store: FolderStore) -> None:
    code = """
import sys, time
from autolog.store.folder import FolderStore
print(FolderStore(sys.argv[1]).create("fruit", "apple").id, flush=True)
time.sleep(60)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code, store.uri], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        id = process.stdout.readline().strip()
        assert not store.get(id).stale
        process.kill()
    assert store.get(id).stale
