"""Processes that do the same to one store at the same moment."""

from __future__ import annotations

import subprocess
import sys

_BEGIN = """
import os, sys
from contextlib import suppress
from autolog.store.errors import NameTaken
from autolog.store.opening import open_store
store = open_store(sys.argv[1])
print('ready', flush=True)
sys.stdin.readline()
"""
REGISTER = """
for _ in range(20):
    print(store.registry.register('fraud', 's3://bucket/model').version)
"""
CREATE = """
for number in range(20):
    with suppress(NameTaken):
        print(store.experiments.create(f'e{number}').name)
"""
MOVE = """
for number in range(20):
    with suppress(NameTaken):
        if os.getpid() % 2:
            print(store.registry.create(f'm{number}').name)
        else:
            own = f'{os.getpid()}-{number}'
            store.registry.create(own)
            print(store.registry.rename(own, f'm{number}').name)
"""
"""Creates a model, or renames one to that name. Prints the names that it got."""


def printed_by(count: int, code: str, address: str) -> list[list[str]]:
    """The words that each of ``count`` processes printed, which began ``code`` together."""
    processes = [_started(code, address) for _ in range(count)]
    for process in processes:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    printed = [process.communicate(timeout=240)[0].split() for process in processes]
    assert [process.returncode for process in processes] == [0] * count
    return printed


def _started(code: str, address: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _BEGIN + code, address]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
