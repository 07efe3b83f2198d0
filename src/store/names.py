"""Names of the user's as names of files: safe, readable, and reversible.

Whatever an experiment is called, it becomes one folder below the store, and nothing
that a name holds can lead out of it.
"""

from __future__ import annotations

import hashlib
import time
from pathlib import PurePosixPath
from urllib.parse import quote, unquote

from .errors import InvalidName

_SAFE = " ()+,;=@[]{}!#$&'"  # beside letters, digits and _.-~
LONGEST = 200  # bytes; file systems allow 255


def experiment_folder(name: str) -> str:
    """The folder for an experiment; `experiment_name` reads it back.

    Raises InvalidName for an empty name, one with a NUL, or one too long for a file name.
    """
    if not name or "\0" in name:
        raise InvalidName(f"an experiment's name must be a text without NUL, not {name!r}")
    folder = encoded(name)
    if len(folder) > LONGEST:
        raise InvalidName(f"the experiment's name {name[:40]!r}… is too long; use up to {LONGEST} bytes")
    return folder


def encoded(name: str) -> str:
    """``name`` as one part of a path, not hidden; `urllib.parse.unquote` reads it back."""
    text = quote(name, safe=_SAFE)
    return "%2E" + text[1:] if text.startswith(".") else text


def experiment_name(folder: str) -> str:
    return unquote(folder)


def experiment_id(folder: str) -> str:
    """A decimal text that stands for an experiment, wherever its store is; "0" for the default one."""
    if folder == "Default":
        return "0"
    return str(int.from_bytes(hashlib.blake2b(folder.encode(), digest_size=7).digest()) + 1)


def run_folder(name: str, run_id: str, start: int) -> str:
    """The folder of a top-level run: when it began, what it is, which one it is."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(start / 1000))
    word = "".join(c if c.isalnum() or c in "_.-" else "_" for c in name)[:60]
    return f"{stamp}-{quote(word, safe='')[:120]}-{run_id[:8]}"


def artifact_path(path: str) -> PurePosixPath:
    """``path`` as a relative path that stays below the folder it is joined to.

    Raises InvalidName for absolute paths, drive letters, ``..``, NUL and backslashes.
    """
    pure = PurePosixPath(path)
    bad = (
        not pure.parts
        or pure.is_absolute()
        or ".." in pure.parts
        or any(c in path for c in "\0\\")
        or (len(path) > 1 and path[1] == ":")
        or any(len(part.encode()) > 255 for part in pure.parts)
    )
    if bad:
        raise InvalidName(f"the artifact path {path!r} must be relative, with '/', and stay below its run")
    return pure
