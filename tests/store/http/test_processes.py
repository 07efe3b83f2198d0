"""A server that is away, and processes that end in every way: `autolog sync` delivers all of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autolog.store.folder import FolderStore
from autolog.store.http import HttpStore, shipper

from .faulty import until
from .serving import TOKEN, Server, serving

TRAIN = """
import os, sys, time
from autolog.store.http import HttpStore
run = HttpStore(sys.argv[1]).create("fruit", "apple")
with run.artifact("notes.txt") as path:
    path.write_text("all of it")
print(run.id, flush=True)
for step in range(int(sys.argv[2])):
    run.point("loss", step, 1000 + step, step / 2)
    if sys.argv[3] == "on":
        os.write(1, b"%d\\n" % step)
"""


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOLOG_TOKEN", TOKEN)
    monkeypatch.setattr(shipper, "PAUSE", 0.02)
    monkeypatch.setattr(shipper, "LONGEST", 0.1)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving() as server:
        server.show(tmp_path / "served")
        yield server


def started(address: str, count: int, talk: str = "off", **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", TRAIN, address, str(count), talk],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def synced(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-c",
        "import sys; from autolog.cli import main; sys.exit(main())",
        "sync",
        *arguments,
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def free_port() -> int:
    with serving() as server:
        return int(server.address.rpartition(":")[2])


@pytest.mark.slow
def test_the_next_process_delivers_what_waits(tmp_path: Path) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    training = started(address, 1_000, AUTOLOG_SHIP_WAIT="0")
    output, said = training.communicate(timeout=120)
    assert training.returncode == 0
    assert "1 run (" in said and address in said and "`autolog sync`" in said
    assert said.count("\n") == 1
    failed = synced()
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "0 runs sent, 1 run (" in failed.stderr and "cannot be reached" in failed.stderr
    with serving(port) as server:
        server.show(tmp_path / "served")
        done = synced()
        assert (done.returncode, done.stdout) == (0, f"{address}: 1 run sent\n")
        again = synced("--store", address)
        assert (again.returncode, again.stdout) == (0, f"{address} has everything\n")
        nothing = synced("--store", "https://another.invalid")
        assert (nothing.returncode, nothing.stdout) == (0, "nothing waits for a server\n")
    there = FolderStore(tmp_path / "served")
    id = output.strip()
    assert list(there.points(id, "loss").step) == list(range(1_000))
    assert list(there.points(id, "loss").time) == [1_000 + step for step in range(1_000)]
    assert there.artifacts(id).path("notes.txt").read_text() == "all of it"
    assert not list((tmp_path / ".state").rglob("events-*.jsonl"))  # freed: the server has it


@pytest.mark.slow
def test_a_process_waits_at_its_end(tmp_path: Path, server: Server) -> None:
    training = started(server.address, 1_000)
    output, said = training.communicate(timeout=120)
    assert (training.returncode, said) == (0, "")
    there = FolderStore(tmp_path / "served")
    assert len(there.points(output.strip(), "loss")) == 1_000


@pytest.mark.slow
def test_what_a_killed_process_wrote_arrives(tmp_path: Path, server: Server) -> None:
    with started(server.address, 1_000_000, "on") as training:
        assert training.stdout is not None
        id = training.stdout.readline().strip()
        lines = [training.stdout.readline() for _ in range(5_000)]
        training.send_signal(signal.SIGKILL)
        lines += training.stdout.read().splitlines(keepends=True)
    told = [int(line) for line in lines if line.endswith("\n")]
    assert synced().returncode == 0
    there = FolderStore(tmp_path / "served")
    steps = list(there.points(id, "loss").step)
    assert steps == list(range(len(steps)))
    assert len(steps) >= len(told)
    assert there.get(id).stale


@pytest.mark.slow
def test_a_server_that_comes_late(tmp_path: Path) -> None:
    port = free_port()
    run = HttpStore(f"http://127.0.0.1:{port}").create("fruit", "apple")
    for step in range(100):
        run.point("loss", step, 1_000 + step, 0.5)
    there = FolderStore(tmp_path / "served")
    for _ in range(2):  # it comes, goes, and comes again
        with serving(port) as server:
            server.show(tmp_path / "served")
            until(lambda: bool(there.search()) and len(there.points(run.id, "loss")) >= 100)
        run.point("loss", 100, 1_100, 0.5)
    with serving(port) as server:
        server.show(tmp_path / "served")
        until(lambda: len(there.points(run.id, "loss")) == 102)
        assert list(there.points(run.id, "loss").step) == [*range(100), 100, 100]


@pytest.mark.slow
def test_a_forked_child_is_shipped_too(tmp_path: Path, server: Server) -> None:
    store = HttpStore(server.address)
    run = store.create("fruit", "apple")
    run.point("loss", 0, 1_000, 0.0)
    child = os.fork()
    if child == 0:
        for step in range(1, 11):
            run.point("loss", step, 1_000 + step, 1.0)
        inner = run.child("inner")
        own = store.create("fruit", "own")
        own.point("loss", 0, 1_000, 2.0)
        store.settle()
        os.write(1, b"")
        os._exit(0 if inner.id else 1)
    assert os.waitpid(child, 0)[1] == 0
    there = FolderStore(tmp_path / "served")
    assert [other.name for other in store.search("name = 'own'")] == ["own"]
    assert list(store.points(run.id, "loss").step) == list(range(11))
    assert sorted(other.name for other in there.search()) == ["apple", "inner", "own"]
