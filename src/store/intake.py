"""Taking in the log of runs that were recorded elsewhere, byte by byte and exactly once.

A client keeps log files of its own, as a folder store has them, and sends what they grow
by. The receiver has the same files: what it is sent twice it has already, and a gap it
refuses. So every line arrives once, whichever answers are lost.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple, Protocol

from .errors import InvalidName, StoreError
from .names import LONGEST, experiment_name

_REMEMBERED = 10_000
"""Run folders whose places are known without looking."""

LOG_NAME = re.compile(r"events-[A-Za-z0-9_-]{1,64}\.jsonl")


class Gap(StoreError, ValueError):
    """The bytes do not follow on those that are there; ``expected`` is where they must begin."""

    def __init__(self, expected: int) -> None:
        super().__init__(f"{expected} bytes of this file are here; send what follows on these")
        self.expected = expected


class LogPath(NamedTuple):
    """A log file: the folder of its experiment, that of its top-level run, and its name."""

    experiment: str
    run: str
    name: str

    def __str__(self) -> str:
        return "/".join(self)

    @property
    def folder(self) -> str:
        return f"{self.experiment}/{self.run}"


class Intake(Protocol):
    """Takes in log files. Safe for use from any thread and any number of processes."""

    def received(self, folder: str) -> Mapping[str, int]:
        """How many bytes are here of each log file of a run's folder (``experiment/run``)."""

    def append(self, path: str, offset: int, data: bytes) -> int:
        """Add what follows on the first ``offset`` bytes; returns how many are here now.

        Bytes that are here already are passed over. What was taken in is kept, and seen by
        the next read. Raises Gap, InvalidName for what is no path of a log file, OSError.
        """

    def folder(self, id: str) -> str:
        """The folder (``experiment/run``) that the log of a run is in. Raises RunNotFound."""

    def artifact(self, folder: str, id: str, path: str) -> AbstractContextManager[Path]:
        """Like `RunWriter.artifact`, without an event: the log that comes in has one.

        Nothing need be known of the run yet. Raises InvalidName.
        """

    def discard(self, folder: str, id: str, path: str) -> None:
        """Like `RunWriter.discard`, without an event. Raises ArtifactNotFound, InvalidName."""


class Places:
    """Where run folders from elsewhere lie here.

    A client names the experiment as it knows it. Here it may have another folder, since it was
    renamed; a run that has begun stays where it is.
    """

    def __init__(self, find: Callable[[str, str], str | None], folder_for: Callable[[str], str]) -> None:
        """``find`` gives the experiment's folder that a run folder is in, ``folder_for`` that of a name."""
        self._find = find
        self._folder_for = folder_for
        self._known: OrderedDict[str, str] = OrderedDict()

    def of(self, folder: str) -> str:
        """Our ``experiment/run`` for the client's. Raises InvalidName, OSError."""
        place = self._known.get(folder)
        if place is None:
            experiment, run = log_folder(folder).split("/")
            ours = self._find(experiment, run) or self._folder_for(experiment_name(experiment))
            place = self._known[folder] = f"{ours}/{run}"
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return place


def log_path(path: str) -> LogPath:
    """The parts of ``experiment/run/events-….jsonl``. Raises InvalidName for anything else."""
    parts = path.split("/")
    if len(parts) != 3 or not LOG_NAME.fullmatch(parts[2]) or not all(map(_is_folder, parts[:2])):
        raise InvalidName(f"{path!r} is no log file of a run: experiment/run/events-writer.jsonl")
    return LogPath(*parts)


def log_folder(folder: str) -> str:
    """``experiment/run``, checked. Raises InvalidName."""
    parts = folder.split("/")
    if len(parts) != 2 or not all(map(_is_folder, parts)):
        raise InvalidName(f"{folder!r} is no folder of a run: experiment/run")
    return folder


def _is_folder(name: str) -> bool:
    """Whether it can be a visible folder on every system: nothing that leads elsewhere."""
    plain = not name.startswith(".") and not any(c in name for c in "/\\\0") and name.isprintable()
    return bool(name) and plain and len(name.encode()) <= LONGEST
