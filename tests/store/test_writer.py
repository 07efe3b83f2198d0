"""Writers: one write a line, any number of processes, nothing lost when one is killed."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from autolog.store.events import Params
from autolog.store.folder import FolderStore

T0 = 1_732_345_678_000


def python(code: str, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", code, *arguments], **options)


def test_writing_loads_no_database() -> None:
    code = """
import sys
from autolog.store.folder import FolderStore
store = FolderStore("store")
top = store.create("fruit", "search")
with store.join(top.id, address=top.address).child("trial").artifact("a.txt") as path:
    path.write_text("x")
store.create("fruit", "nested", parent=top.id).point("loss", 0, 1, 0.5)
heavy = {"sqlalchemy", "numpy", "lark", "sqlite3"} & set(sys.modules)
sys.exit(str(heavy) if heavy else 0)
"""
    assert python(code).wait() == 0


def test_a_point_is_one_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from autolog.store import log

    written: list[bytes] = []
    monkeypatch.setattr(log, "_write", lambda fd, data: written.append(data) or len(data))
    writer = FolderStore(tmp_path / "store").create("fruit", "apple")
    assert len(written) == 2  # the file's first line, and the run's
    for step in range(10):
        writer.point("loss", step, T0, 0.5)
    writer.write(Params(run=0, time=T0, params={"a": 1}), Params(run=0, time=T0, params={"b": 1}))
    assert len(written) == 13
    assert all(data.endswith(b"\n") for data in written)


@pytest.mark.slow
def test_sixteen_processes_write_at_once(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    top = store.create("fruit", "search")
    code = """
import sys
from autolog.store.folder import FolderStore
path, id, address, number = sys.argv[1:]
store = FolderStore(path)
top = store.join(id, address=address)
child = top.child("trial", id=f"trial-{number}")
own = store.create("fruit", f"own {number}")
for step in range(200):
    for writer in (top, child, own):
        writer.point("loss", step, 1000 + step, float(number))
"""
    processes = [python(code, store.uri, top.id, top.address, str(number)) for number in range(16)]
    while any(process.poll() is None for process in processes):
        store.search()  # reading meanwhile changes nothing
    assert [process.returncode for process in processes] == [0] * 16
    assert len(store.search()) == 33
    assert len(store.points(top.id, "loss")) == 3_200
    for number in range(16):
        assert list(store.points(f"trial-{number}", "loss").value) == [float(number)] * 200


def test_a_forked_child_writes_a_file_of_its_own(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    writer = store.create("fruit", "apple")
    writer.point("loss", 0, T0, 0.0)
    assert store.get(writer.id).metrics == {"loss": 0.0}
    child = os.fork()
    if child == 0:
        try:
            writer.point("loss", 1, T0 + 1, 1.0)
            os._exit(0 if store.get(writer.id).metrics == {"loss": 1.0} else 1)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    writer.point("loss", 2, T0 + 2, 2.0)
    assert list(store.points(writer.id, "loss").value) == [0.0, 1.0, 2.0]
    assert len(list(writer.folder.glob("events-*.jsonl"))) == 2


@pytest.mark.slow
def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    code = """
import os, sys
from autolog.store.folder import FolderStore
writer = FolderStore(sys.argv[1]).create("fruit", "apple")
os.write(1, writer.id.encode() + b"\\n")
step = 0
while True:
    writer.point("loss", step, step, float(step))
    os.write(1, b"%d\\n" % step)
    step += 1
"""
    store = FolderStore(tmp_path / "store")
    for seed in range(15):
        with python(code, store.uri, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            id = process.stdout.readline().decode().strip()
            time.sleep(random.Random(seed).random() * 0.05)
            process.kill()
            rest = process.stdout.read()
        acknowledged = rest[: rest.rfind(b"\n") + 1].split()
        steps = list(store.points(id, "loss").step)
        assert steps == list(range(len(steps)))
        assert len(acknowledged) <= len(steps) <= len(acknowledged) + 1
        assert store.get(id).stale


def test_a_store_deleted_under_a_writer(tmp_path: Path) -> None:
    import shutil

    store = FolderStore(tmp_path / "store")
    writer = store.create("fruit", "apple")
    assert len(store.search()) == 1
    shutil.rmtree(store.path)
    writer.point("loss", 0, T0, 0.5)  # into a file that nobody can see
    assert store.search() == []
    assert store.create("fruit", "pear").id == store.search()[0].id


def test_a_store_deleted_while_a_file_is_given_back(tmp_path: Path) -> None:
    import shutil

    store = FolderStore(tmp_path / "store")
    writer = store.create("fruit", "apple")
    inner = writer.child("inner")
    writer.close()
    shutil.rmtree(store.path)
    inner.point("loss", 0, T0, 0.5)
    writer.point("loss", 0, T0, 0.25)
    assert {run.id: run.metrics for run in store.search()} == {
        writer.id: {"loss": 0.25},
        inner.id: {"loss": 0.5},
    }


def test_a_store_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file")
    with pytest.raises(OSError, match="store"):
        FolderStore(tmp_path / "store").create("fruit", "apple")


def test_drafts_are_not_artifacts(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    writer = store.create("fruit", "apple")
    with writer.artifact("a/b.txt") as path:
        path.write_text("x")
        assert path.parent.exists()
        assert list(store.artifacts(writer.id)) == []
    assert list(store.artifacts(writer.id)) == ["a/b.txt"]
    assert [file.name for file in (writer.folder / "artifacts" / "a").iterdir()] == ["b.txt"]


def test_a_file_linked_twice_leaves_no_draft(tmp_path: Path) -> None:
    """Renaming one link of a file onto another one does nothing, and leaves both."""
    (tmp_path / "large").write_text("x")
    run = FolderStore(tmp_path / "store").create("fruit", "run")
    for _ in range(2):
        with run.artifact("large") as target:
            os.link(tmp_path / "large", target)
    assert os.listdir(run.folder / "artifacts") == ["large"]
