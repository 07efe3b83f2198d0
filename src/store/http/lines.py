"""What log bytes say about files: which must be there before the line that names them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ..decoding import Damaged, decode_line
from ..events import Artifact, Discard, Join, Start

_BLOCK = 1 << 20

_WANTED = re.compile(rb'^\{"event":"(?:start|join|artifact|discard)".*$', re.MULTILINE)


class Change(NamedTuple):
    """A file or folder of a run was written, or is ``gone``."""

    run: str
    path: str
    gone: bool


class Mentions:
    """Reads a log file's lines in their order: it must know which run a number stands for."""

    def __init__(self) -> None:
        self._ids: dict[int, str] = {}

    def read(self, lines: bytes) -> list[Change]:
        """The files that changed; of several changes of one, the last."""
        found = {(change.run, change.path): change for change in self._changes(lines)}
        return list(found.values())

    def _changes(self, lines: bytes) -> Iterator[Change]:
        for match in _WANTED.finditer(lines):
            try:
                event = decode_line(match[0])
            except Damaged:
                continue
            if isinstance(event, Start | Join):
                self._ids[event.run] = event.id
            elif isinstance(event, Artifact | Discard) and event.run in self._ids:
                yield Change(self._ids[event.run], event.path, isinstance(event, Discard))


class LogFile:
    """A log file that is being shipped.

    ``sent``: the bytes that the target has; ``placed``: the changes in what follows on them that
    it has, too.
    """

    def __init__(self, path: Path, sent: int) -> None:
        self.path = path
        self.sent = sent
        self.placed: set[Change] = set()
        self._mentions = Mentions()
        self._read = 0

    @property
    def size(self) -> int:
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def next(self, most: int, *, whole: bool) -> tuple[bytes, list[Change]]:
        """The next whole lines, ``most`` bytes of them if they are not longer, and what they change.

        With ``whole`` also a last line without an end, to which nothing will be added.
        """
        with open(self.path, "rb") as file:
            if self._read != self.sent:  # begun by another process, or sent by it meanwhile
                self._catch_up(file)
            file.seek(self.sent)
            data = _block(file, most)
        lines = data if whole and len(data) < most else data[: data.rfind(b"\n") + 1]
        return lines, self._mentions.read(lines)

    def took(self, lines: bytes, there: int) -> None:
        """The target has ``there`` bytes now, these lines among them or after them."""
        self._read, self.sent = self.sent + len(lines), there
        self.placed.clear()

    def _catch_up(self, file: BinaryIO) -> None:
        self._mentions, at = Mentions(), 0
        while at < self.sent and (data := _block(file, min(_BLOCK, self.sent - at))):
            lines = data[: data.rfind(b"\n") + 1] or data
            self._mentions.read(lines)
            at += len(lines)
            file.seek(at)
        self._read = self.sent


def _block(file: BinaryIO, most: int) -> bytes:
    """The next bytes, more than ``most`` only if the first line is longer."""
    data = file.read(most)
    while data and b"\n" not in data and (more := file.read(most)):
        data += more
    return data
