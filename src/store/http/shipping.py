"""One way through a spool: send what the target lacks of it, files before the lines that name them."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from ..errors import ArtifactNotFound, StoreError, StoreUnavailable
from ..intake import Gap
from ..reading import EVENTS
from ..writer import artifact_home, open_folders, size_of
from .lines import Change, LogFile
from .spool import Claim, Spool, is_left, remove
from .target import Target

logger = logging.getLogger(__name__)

Which = Literal["free", "mine", "all"]
"""The runs that no other process sees to, those that this process writes to, or all of them."""

BATCH = 2 << 20
"""Bytes of a log file that are sent at once."""

ELSEWHERE = 30.0
"""Seconds between two looks at the runs of other processes."""
_MOST_CLAIMS = 64

HEARTBEAT = 60.0
"""Seconds between two signs of life for a run that has nothing to say."""
_FRESH = 150.0

REFUSED = "refused.jsonl"
"""The file in a run's folder that names the files that the target would not take."""
UNSENT = "unsent-*.jsonl"
"""The files that a target keeps lines in which it cannot send now."""


@dataclass(frozen=True)
class Left:
    """What a target does not have yet: how many folders of runs, and bytes of their logs."""

    runs: int = 0
    bytes: int = 0


class Shipping:
    """Sends a spool's content. Only one thread at a time may use it."""

    def __init__(self, spool: Spool, target: Target) -> None:
        self._spool = spool
        self._target = target
        self._files: dict[Path, dict[str, LogFile]] = {}
        self._claims: dict[Path, Claim] = {}
        self._signs: dict[str, float] = {}
        self._said: set[str] = set()
        self._mine: set[Path] = set()
        self._retried: set[Path] = set()
        self._looked = -ELSEWHERE

    def wrote(self, folder: Path) -> None:
        """This process began to write there."""
        self._mine.add(folder)

    def send(self, which: Which, *, done: Callable[[int], None] = lambda count: None) -> None:
        """Send what is new. ``done`` hears of bytes.

        Raises StoreUnavailable when the target is away; what it refuses is said once, and stays.
        """
        for folder in self._chosen(which):
            new = folder not in self._claims
            claimed = self._claimed(folder)
            if claimed or which != "free":
                self._send_folder(folder, done, fresh=new or not claimed)
            if claimed:
                self._sign_of_life(folder)
        self._forget()

    def _chosen(self, which: Which) -> Collection[Path]:
        """Those of others are looked for now and then only: there may be thousands."""
        mine = self._mine | open_folders(self._spool.path)
        if which == "mine" or (which == "free" and time.monotonic() - self._looked < ELSEWHERE):
            return sorted(folder for folder in mine if folder.is_dir())
        self._looked = time.monotonic()
        return self._spool.folders()

    def compare(self) -> None:
        """Ask what the target has, so that `left` knows. Raises StoreUnavailable."""
        for folder in self._spool.folders():
            self._files[folder] = self._asked(folder)

    def left(self, which: Literal["mine", "all"]) -> Left:
        """What is here and not there."""
        unsent = [self._unsent(folder) for folder in self._chosen(which)]
        return Left(sum(size > 0 for size in unsent), sum(unsent))

    def size_left(self) -> int:
        """Bytes on the way at most, with the files: some of these may be there."""
        return sum(size_of(folder) for folder in self._spool.folders() if self._unsent(folder))

    def _unsent(self, folder: Path) -> int:
        """Bytes of its log, and of what names the files that were refused."""
        logs = (file.stat().st_size - self._sent(folder, file.name) for file in _logs(folder))
        return sum(logs) + _refused_size(folder)

    def tidy(self) -> None:
        """Free the runs that the target has whole, and that nobody writes any more."""
        for folder in list(self._files):
            if self._unsent(folder) == 0 and folder not in self._mine and self._claimed(folder):
                remove(folder, self._spool)
        self._forget()

    def release(self) -> None:
        """Let other processes see to the runs."""
        for claim in self._claims.values():
            claim.close()
        self._claims.clear()

    # One folder

    def _send_folder(self, folder: Path, done: Callable[[int], None], *, fresh: bool) -> None:
        """``fresh``: another process may have sent something meanwhile, so ask."""
        logs = _logs(folder)
        known = self._files.get(folder)
        refused = _refused_size(folder) > 0 and folder not in self._retried
        if known is not None and not refused and self._unsent(folder) == _refused_size(folder):
            return
        if known is None or fresh:
            known = self._files[folder] = self._asked(folder)
        if refused:
            self._send_refused(folder)
        for log in logs:
            file = known.setdefault(log.name, LogFile(log, 0))
            try:
                self._send_file(folder, file, done)
            except StoreUnavailable:
                raise
            except (StoreError, OSError) as error:
                self._say(
                    f"{self._spool.name(folder)}/{log.name} cannot be sent to {self._target.url}: {error}"
                )

    def _asked(self, folder: Path) -> dict[str, LogFile]:
        received = self._target.received(self._spool.name(folder))
        return {name: LogFile(folder / name, sent) for name, sent in received.items()}

    def _send_file(self, folder: Path, file: LogFile, done: Callable[[int], None]) -> None:
        whole = is_left(file.path, self._spool.store.live_folder)
        while file.size > file.sent:
            lines, changes = file.next(BATCH, whole=whole)
            if not lines:
                return
            for change in changes:
                if change not in file.placed:
                    done(self._send_change(folder, change))
                    file.placed.add(change)
            try:
                there = self._target.append(f"{self._spool.name(folder)}/{file.path.name}", file.sent, lines)
            except Gap as gap:  # the target lost something, or another process's target is ahead of us
                file.sent = gap.expected
                continue
            file.took(lines, there)
            done(len(lines))

    def _send_change(self, folder: Path, change: Change) -> int:
        """Returns the bytes of the file. What the target will not take stays, and the rest goes on."""
        try:
            return self._change(folder, change)
        except StoreUnavailable:
            raise
        except (StoreError, OSError) as error:
            self._say(f"{change.path!r} of run {change.run} cannot be sent to {self._target.url}: {error}")
            with suppress(OSError), open(folder / REFUSED, "ab") as file:
                file.write(msgspec.json.encode(change) + b"\n")
            return 0

    def _change(self, folder: Path, change: Change) -> int:
        """A file that is not here any more was replaced, or discarded."""
        local = artifact_home(folder, change.run) / change.path
        name = self._spool.name(folder)
        if change.gone and not local.exists():
            with suppress(ArtifactNotFound):
                self._target.discard(name, change.run, change.path)
        elif not change.gone:
            with suppress(FileNotFoundError):
                self._target.place(name, change.run, change.path, local)
                return size_of(local)
        return 0

    def _send_refused(self, folder: Path) -> None:
        """Try again, once in this process."""
        self._retried.add(folder)
        self._target.retry(self._spool.name(folder))
        if not (folder / REFUSED).exists():
            return
        lines = (folder / REFUSED).read_bytes().splitlines()
        kept = []
        for change in {msgspec.json.decode(line, type=Change) for line in lines}:
            try:
                self._change(folder, change)
            except StoreUnavailable:
                raise
            except (StoreError, OSError):
                kept.append(change)
        draft = folder / f".{REFUSED}"
        draft.write_bytes(b"".join(msgspec.json.encode(change) + b"\n" for change in kept))
        os.replace(draft, folder / REFUSED)

    def _say(self, message: str) -> None:
        if message not in self._said:
            self._said.add(message)
            logger.warning("%s", message)

    # Who sees to what

    def _claimed(self, folder: Path) -> bool:
        """Take the run, or have it already. Each claim is an open file, of which there are not many."""
        if folder in self._claims:
            return True
        try:
            claim = Claim(folder)
        except OSError:
            return False
        if not claim.held():
            claim.close()
            return False
        self._claims[folder] = claim
        while len(self._claims) > _MOST_CLAIMS:
            self._claims.pop(next(iter(self._claims))).close()
        return True

    def _sign_of_life(self, folder: Path) -> None:
        """For runs that say nothing for a while, though their process lives."""
        for name, file in self._files.get(folder, {}).items():
            writer = name.removeprefix("events-").removesuffix(".jsonl")
            if time.monotonic() - self._signs.get(name, 0.0) < HEARTBEAT or file.sent != file.size:
                continue
            with suppress(OSError):
                alive = self._spool.store.live_folder / writer
                if time.time() - alive.stat().st_mtime < _FRESH:
                    self._target.append(f"{self._spool.name(folder)}/{name}", file.sent, b"")
            self._signs[name] = time.monotonic()

    def _forget(self) -> None:
        """Folders that are gone, and those of this process that are done."""
        for folder in [folder for folder in self._claims if not folder.is_dir()]:
            self._claims.pop(folder).close()
        for folder in [folder for folder in self._files if not folder.is_dir()]:
            del self._files[folder]
        for folder in self._mine - open_folders(self._spool.path):
            if folder in self._files and self._unsent(folder) == 0:
                self._mine.discard(folder)

    def _sent(self, folder: Path, name: str) -> int:
        file = self._files.get(folder, {}).get(name)
        return 0 if file is None else file.sent


def _logs(folder: Path) -> list[Path]:
    return sorted(folder.glob(EVENTS))


def _refused_size(folder: Path) -> int:
    """Bytes of the files that name what the target would not take."""
    total = 0
    for file in [folder / REFUSED, *folder.glob(UNSENT)]:
        with suppress(OSError):
            total += file.stat().st_size
    return total
