"""Files of equal content share their bytes: one is a hard link to the other.

An artifact is replaced but never rewritten, so two names of one file are as good as two
files. Changed in place, by hand, all would change: so a file that is shared is read-only.

Notes in ``.autolog/content`` say where to look for the same content. They may be old,
wrong or missing: files are compared byte by byte before one becomes a link.
"""

from __future__ import annotations

import os
import stat
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

SMALLEST = 4096
"""Bytes of a block: a smaller file takes no less of the disk."""

NOTES = Path(".autolog", "content")

_SAMPLES = 16
_MOST = 8
"""Files of equal size and samples that a new one is compared with."""
_CHUNK = 1 << 20

Found = Sequence[tuple[str, Path]]
"""What to note: the key of each file, and where it is below the folder that was looked at."""


def share(draft: Path, store: Path) -> Found:
    """Replace what a file or folder has in common with the store by links.

    ``draft`` is known to nobody yet. What cannot be shared stays as it is. `note` makes
    the files known when they stand at their place.
    """
    found = []
    for file in _files(draft):
        with suppress(OSError):
            key = _key(file)
            _share(file, key, store)
            found.append((key, file.relative_to(draft)))
    return found


def note(found: Found, target: Path, store: Path) -> None:
    """Let others find the files, which stand at ``target`` now."""
    for key, path in found:
        name = quote(os.fsencode((target / path).relative_to(store)))
        with suppress(OSError):
            notes = _notes(key, store)
            notes.parent.mkdir(parents=True, exist_ok=True)
            with open(notes, "ab", buffering=0) as file:  # one write for a line, as in the logs
                file.write(f"{key} {name}\n".encode())


def tidy(store: Path) -> None:
    """Forget the files that are gone. What somebody notes in the same moment may be forgotten, too."""
    for notes in sorted((store / NOTES).glob("*")):
        lines = _lines(notes)
        kept = [line for line in dict.fromkeys(lines) if _path(line, store) is not None]
        if len(kept) < len(lines):
            draft = notes.with_name(f".{os.urandom(8).hex()}.part")
            draft.write_bytes(b"".join(line + b"\n" for line in kept))
            os.replace(draft, notes)


def bytes_freed(paths: Iterable[Path], gone: Counter[tuple[int, int]]) -> int:
    """What removing files and folders gives back: not the bytes that others still share.

    ``gone`` counts the names that each file has lost so far, and is added to.
    """
    freed = 0
    for path in paths:
        for file in _walk(path):
            status = file.lstat()
            inode = status.st_dev, status.st_ino
            gone[inode] += 1
            freed += status.st_size if gone[inode] == status.st_nlink else 0
    return freed


def _walk(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, _, names in os.walk(path):
        yield from (Path(folder, name) for name in names)


def _files(draft: Path) -> Iterator[Path]:
    """Those that are worth it. One that has another name already shares its bytes, maybe with the user's."""
    for file in sorted(_walk(draft)):
        status = file.lstat()
        if stat.S_ISREG(status.st_mode) and status.st_nlink == 1 and status.st_size >= SMALLEST:
            yield file


def _key(file: Path) -> str:
    """Size, and a checksum of blocks that are spread over the file: the same for the same content."""
    size, sum = file.stat().st_size, 0
    with open(file, "rb") as content:
        for part in range(_SAMPLES):
            content.seek((size - SMALLEST) * part // (_SAMPLES - 1))
            sum = zlib.crc32(content.read(SMALLEST), sum)
    return f"{size:x}-{sum:08x}"


def _share(file: Path, key: str, store: Path) -> None:
    others = islice(_candidates(key, store), _MOST)
    same = next((other for other in others if _equal(file, other)), None)
    if same is not None:
        _link(same, file)


def _candidates(key: str, store: Path) -> Iterator[Path]:
    """The newest first; each file once, however many names it has."""
    seen = set()
    for line in reversed(_lines(_notes(key, store))):
        path = _path(line, store) if line.startswith(key.encode() + b" ") else None
        if path is not None and (inode := path.stat().st_ino) not in seen:
            seen.add(inode)
            yield path


def _lines(notes: Path) -> list[bytes]:
    try:
        return notes.read_bytes().splitlines()
    except FileNotFoundError:
        return []


def _path(line: bytes, store: Path) -> Path | None:
    """The file that a line names, if it is there and in this store."""
    name = unquote_to_bytes(line.partition(b" ")[2])
    if not name or b"\0" in name:
        return None
    path = Path(os.path.realpath(store / os.fsdecode(name)))
    inside = path.is_relative_to(os.path.realpath(store))
    return path if inside and path.is_file() else None


def _notes(key: str, store: Path) -> Path:
    return store / NOTES / key[-2:]


def _equal(one: Path, other: Path) -> bool:
    with open(one, "rb") as a, open(other, "rb") as b:
        while part := a.read(_CHUNK):
            if part != b.read(_CHUNK):
                return False
        return not b.read(1)


def _link(same: Path, file: Path) -> None:
    """Raises OSError where the file system has no links, or the other file is not this user's."""
    new = file.with_name(f".{os.urandom(8).hex()}.part")
    os.link(same, new)
    try:
        os.chmod(new, stat.S_IMODE(same.stat().st_mode) & ~0o222)
        os.replace(new, file)
    finally:
        new.unlink(missing_ok=True)
