"""Several processes on one database: nothing is lost, nothing is there twice."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.synchronize import Event

import pytest

from autolog.store.errors import StoreError
from autolog.store.sql.store import SqlStore

T0 = 1_732_345_678_000
STEPS = 150
_spawn = get_context("spawn")


def write_and_read(address: str, run: str, number: int) -> None:
    store = SqlStore(address)
    writer = store.join(run)
    for step in range(STEPS):
        writer.point(f"m{number}", step, T0 + step, float(step))
        writer.point("shared", step, T0 + step, float(number))
        if step % 10 == number:
            assert len(store.points(run, f"m{number}")) == step + 1
    store.create("others", f"run of {number}")


def write_forever(address: str, run: str, begun: Event) -> None:
    store = SqlStore(address)
    writer = store.join(run)
    for step in range(10**9):
        writer.point("loss", step, T0 + step, float(step))
        if step % 7 == 0:
            store.settle()
        if step == 50:
            begun.set()


def open_it(address: str, all_there: Event) -> None:
    all_there.wait(120)
    SqlStore(address, artifacts="unused").create("e", "a run")


@pytest.mark.slow
def test_many_write_and_read_at_once(address: str) -> None:
    store = SqlStore(address)
    top = store.create("e", "search")
    _in_processes(4, write_and_read, address, top.id)
    for number in range(4):
        assert list(store.points(top.id, f"m{number}").step) == list(range(STEPS))
    shared = store.points(top.id, "shared")
    assert sorted(shared.value) == sorted(float(number) for number in range(4) for _ in range(STEPS))
    assert {run.name for run in store.search(experiment="others")} == {f"run of {n}" for n in range(4)}


@pytest.mark.slow
def test_one_that_is_killed_leaves_whole_points_once(address: str) -> None:
    store = SqlStore(address)
    top = store.create("e", "search")
    begun = _spawn.Event()
    process = _spawn.Process(target=write_forever, args=(address, top.id, begun))
    process.start()
    assert begun.wait(120)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    steps = list(store.points(top.id, "loss").step)
    assert len(steps) > 50
    assert steps == list(range(len(steps)))


@pytest.mark.slow
def test_several_open_a_new_database_at_once(new_address: str) -> None:
    all_there = _spawn.Event()
    processes = [_spawn.Process(target=open_it, args=(new_address, all_there)) for _ in range(4)]
    for process in processes:
        process.start()
    all_there.set()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    assert len(SqlStore(new_address, artifacts="unused").search()) == 4


def test_a_forked_process_writes_on(address: str) -> None:
    store = SqlStore(address)
    top = store.create("e", "search")
    top.point("loss", 0, T0, 0.0)
    child = os.fork()
    if child == 0:
        try:
            top.point("loss", 1, T0 + 1, 1.0)
            store.get(top.id)
            os._exit(0)
        except StoreError:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    top.point("loss", 2, T0 + 2, 2.0)
    assert list(store.points(top.id, "loss").value) == [0.0, 1.0, 2.0]


def _in_processes(count: int, function: Callable[..., None], *arguments: object) -> None:
    processes = [_spawn.Process(target=function, args=(*arguments, number)) for number in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * count
