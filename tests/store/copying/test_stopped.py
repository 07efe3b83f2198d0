"""A copying that is killed, and the next one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autolog.cli import main
from autolog.store.base import Store
from autolog.store.copying import Copying
from autolog.store.folder import FolderStore
from autolog.store.http import HttpStore
from autolog.store.opening import open_store
from tests.store.copying.filled import everything, fill
from tests.store.http.serving import TOKEN, Server, serving

STUCK = """
import sys, time
from autolog.cli import main
from autolog.store.copying import pen

wire_number, count = pen.wire_number, 0

def stuck(value):
    global count
    count += 1
    if count == int(sys.argv[3]):
        print("stuck", flush=True)
        time.sleep(600)
    return wire_number(value)

pen.wire_number = stuck
main(["sync", "--from", sys.argv[1], "--to", sys.argv[2]])
"""
FIRST, BETWEEN, LAST = 1, 15_000, 25_009
"""Points: one is the very first, one in the second piece of a metric, one of a run of the last level."""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("AUTOLOG_TOKEN", TOKEN)
    monkeypatch.setenv("AUTOLOG_SPOOL", str(tmp_path / "spool"))
    with serving() as server:
        server.show(tmp_path / "served")
        yield server


def killed(source: str, target: str, at: int) -> None:
    """Copy until the point that has this number, and no further."""
    command = [sys.executable, "-c", STUCK, source, target, str(at)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "stuck\n"
        process.kill()


def complete(source: Store, target: str) -> None:
    wanted = everything(source)
    assert main(["sync", "--from", source.uri, "--to", target]) == 0
    assert everything(open_store(target)) == wanted
    assert Copying(source, open_store(target)).copy().points == 0


@pytest.mark.slow
@pytest.mark.parametrize("at", [FIRST, BETWEEN, LAST])
def test_the_next_one_completes_it(tmp_path: Path, at: int) -> None:
    source = FolderStore(tmp_path / "source")
    fill(source, tmp_path / "model", many=25_000)
    target = str(tmp_path / "target") if at != BETWEEN else f"sqlite:///{tmp_path}/target.db"
    killed(source.uri, target, at)
    there = open_store(target).search()
    assert there
    assert "FINISHED" not in {run.status for run in there if run.parent_id is None}
    complete(source, target)


@pytest.mark.slow
def test_also_on_a_server_that_was_sent_only_a_part(tmp_path: Path, server: Server) -> None:
    source = FolderStore(tmp_path / "source")
    fill(source, tmp_path / "model", many=25_000)
    killed(source.uri, server.address, BETWEEN)
    complete(source, server.address)
    assert HttpStore(server.address).points("top0", "many").step[-1] == 24_999
