"""How far the log files of a run's folder were sent, kept beside them.

One small JSON file, which is written after each part that the server acknowledged. Whoever sends
holds a lock meanwhile, so two processes never send the same lines at once.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

STATE = "mlflow.json"
_LOCK = ".mlflow.lock"


class FileState(msgspec.Struct):
    """A log file: the bytes that the server has, and those that were on their way to it.

    ``done`` are the runs of which it has all that is in these; ``ids`` says which run a number in
    the file stands for.
    """

    sent: int = 0
    tried: int = 0
    done: list[str] = []
    ids: dict[int, str] = {}


class RunState(msgspec.Struct):
    """A run as MLflow has it, by MLflow's ids.

    ``noted`` are the params that a tag holds; ``standing`` and ``named`` the times of the events
    that the status and the name come from; ``files`` the paths that were sent.
    """

    id: str
    experiment: str
    root: str
    noted: list[str] = []
    standing: int = 0
    named: int = 0
    files: list[str] = []
    rewinds: dict[str, list[tuple[int, int]]] = {}
    deleted: bool = False
    failed: bool = False


class State(msgspec.Struct):
    """``waiting`` are nested runs whose parent is not there yet, by the parent's id."""

    files: dict[str, FileState] = {}
    runs: dict[str, RunState] = {}
    waiting: dict[str, list[str]] = {}


def load(folder: Path) -> State:
    """What is known of a folder; nothing when the file was lost: then all is sent again."""
    try:
        return msgspec.json.decode((folder / STATE).read_bytes(), type=State)
    except (FileNotFoundError, msgspec.DecodeError):
        return State()


def save(folder: Path, state: State) -> None:
    """All or nothing, and on the disk. Raises OSError."""
    draft = folder / f".{STATE}.part"
    with open(draft, "wb") as file:
        file.write(msgspec.json.encode(state))
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, folder / STATE)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keeps other processes from sending what is in the folder."""
    with open(folder / _LOCK, "ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
