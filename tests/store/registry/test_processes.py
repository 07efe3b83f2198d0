"""Several processes at one registry, and one that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from autolog.store.doctor import Doctor
from autolog.store.folder import FolderStore

REGISTER = """
import sys
from autolog.store.folder import FolderStore
registry = FolderStore('store').registry
print('ready', flush=True)
sys.stdin.readline()
for _ in range(20):
    print(registry.register('fraud', 's3://bucket/model').version, flush=True)
"""
KILLED = """
import os, signal, sys
from pathlib import Path
from autolog.store.registry import writing
from autolog.store.folder import FolderStore

def kill(*_):
    os.kill(os.getpid(), signal.SIGKILL)

registry = FolderStore('store').registry
if sys.argv[1] != 'create':
    registry.create('fraud')
if sys.argv[1] == 'copy':
    writing.shutil.copytree = kill
else:
    os.rename = kill
registry.register('fraud', Path('mine'))
"""


def started(code: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 8])
def test_processes_that_register_at_once_get_all_numbers(count: int) -> None:
    processes = [started(REGISTER) for _ in range(count)]
    for process in processes:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    numbers = [list(map(int, process.communicate(timeout=120)[0].split())) for process in processes]
    assert all(own == sorted(own) for own in numbers)
    assert sorted(number for own in numbers for number in own) == list(range(1, 20 * count + 1))
    versions = FolderStore("store").registry.versions("fraud")
    assert len({version.id for version in versions}) == len(versions) == 20 * count
    assert list(Doctor(FolderStore("store")).examine()) == []


@pytest.mark.slow
@pytest.mark.parametrize("where", ["create", "copy", "rename"])
def test_a_killed_registration_leaves_nothing_half(where: str) -> None:
    Path("mine").mkdir()
    Path("mine/weights").write_text("12")
    process = started(KILLED, where)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    store = FolderStore("store")
    assert [model.latest for model in store.registry.search()] == ([] if where == "create" else [None])
    doctor = Doctor(store)
    problems = list(doctor.examine())
    assert [problem.kind for problem in problems] == ["leftover"]
    assert store.registry.register("fraud", Path("mine")).version == 1
    assert all(map(doctor.mend, problems))
    assert list(doctor.examine()) == []
    assert (store.registry.path(store.registry.version("fraud", 1)) / "weights").read_text() == "12"
