"""Reading a store's files directly, line by line, for those who look after them.

Queries never come here: they read the index. `autolog doctor` and `autolog gc` do,
because they must see what the files say, not what was made of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from .decoding import Damaged, Item, decode_header, decode_line
from .events import Header

EVENTS = "events-*.jsonl"


class Line(NamedTuple):
    """A whole line of a log file.

    ``content`` is None for a damaged line, and for one of a kind that only a newer version
    knows, which is no damage.
    """

    number: int
    raw: bytes
    content: Header | Item | None
    damaged: bool = False

    @property
    def alias(self) -> int | None:
        """The number that the line's run goes by in its file."""
        if isinstance(self.content, tuple):
            return self.content[0]
        if self.content is None and not self.damaged:
            return _alias_of_unknown(self.raw)
        return getattr(self.content, "run", None)


def run_folders(root: Path) -> Iterator[Path]:
    """The folders of all top-level runs, in order."""
    for experiment in _folders(root):
        yield from _folders(experiment)


def log_files(folder: Path) -> list[Path]:
    return sorted(folder.glob(EVENTS))


def read_header(file: Path) -> Header | None:
    """Who wrote the file; None when its first line is no header."""
    with open(file, "rb") as lines:
        return decode_header(lines.readline())


def read_lines(file: Path, *, points: bool = True) -> Iterator[Line]:
    """The lines of a log file; a last line that is torn is left out, as for every reader.

    Without ``points`` the lines that hold one are passed over, which is much faster.
    """
    with open(file, "rb") as lines:
        for number, raw in enumerate(lines, 1):
            if not raw.endswith(b"\n"):
                return
            if points or not raw.startswith(b"["):
                yield _line(number, raw)


def _line(number: int, raw: bytes) -> Line:
    if number == 1:
        header = decode_header(raw)
        return Line(number, raw, header, damaged=header is None)
    try:
        return Line(number, raw, decode_line(raw))
    except Damaged:
        return Line(number, raw, None, damaged=True)


def _alias_of_unknown(raw: bytes) -> int | None:
    value = msgspec.json.decode(raw) if raw.strip() else None
    alias = value.get("run") if isinstance(value, dict) else None
    return alias if isinstance(alias, int) else None


def _folders(root: Path) -> list[Path]:
    if not root.is_dir():
        return []
    inside = (entry for entry in root.iterdir() if not entry.name.startswith("."))
    return sorted(entry for entry in inside if entry.is_dir() and not entry.is_symlink())
