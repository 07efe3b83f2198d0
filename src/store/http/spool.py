"""Where records wait until a server has them: a folder store for each server."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from ..folder import OWN_FOLDER, FolderStore
from ..log import writer_name
from ..reading import log_files, read_header, run_folders
from ..survey import SILENT, is_alive

_DAY = 86400.0
_SERVER = "server"
"""The file in a spool's own folder that holds the server's address."""


def spools_folder() -> Path:
    """AUTOLOG_SPOOL, else a folder of this user's state; by the XDG base directories."""
    given = os.environ.get("AUTOLOG_SPOOL", "").strip()
    if given:
        return Path(given).expanduser().absolute()
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "autolog" / "spool"


class Spool:
    """The records for one server on this machine. ``store`` is where they are written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.store = FolderStore(path)

    @classmethod
    def of(cls, url: str) -> Spool:
        """The spool for a server; several users of a machine have one each."""
        parts = urlsplit(url)
        name = re.sub(r"[^A-Za-z0-9.-]", "-", parts.netloc)
        return cls(spools_folder() / f"{name}-{hashlib.sha256(url.encode()).hexdigest()[:12]}")

    def note_server(self, url: str) -> None:
        """For `autolog sync`, which finds spools by their folder. Raises OSError."""
        note = self.path / OWN_FOLDER / _SERVER
        if not note.exists():
            note.parent.mkdir(parents=True, exist_ok=True)
            draft = note.with_name(f"{_SERVER}.{os.urandom(4).hex()}")
            draft.write_text(url, encoding="utf-8")
            os.replace(draft, note)

    @property
    def server(self) -> str:
        """The address that was noted. Raises OSError."""
        return (self.path / OWN_FOLDER / _SERVER).read_text(encoding="utf-8").strip()

    def folders(self) -> list[Path]:
        """The folders of runs."""
        return list(run_folders(self.path))

    def name(self, folder: Path) -> str:
        """``experiment/run``."""
        return folder.relative_to(self.path).as_posix()


def spools() -> Iterator[Spool]:
    """All spools of this user that know their server."""
    root = spools_folder()
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        if (folder / OWN_FOLDER / _SERVER).is_file():
            yield Spool(folder)


def is_own(file: Path) -> bool:
    """Whether this process writes the log file."""
    return file.name == f"events-{writer_name()}.jsonl"


def is_left(file: Path, live_folder: Path) -> bool:
    """Whether nobody writes the log file any more."""
    if is_own(file):
        return False
    header = read_header(file)
    if header is None:  # begun a moment ago, or torn at once
        return time.time() - file.stat().st_mtime > SILENT
    return not is_alive(header, live_folder)


def remove(folder: Path, spool: Spool) -> None:
    """Free a run's folder whose writers are gone: out of everybody's sight first."""
    if not all(_is_over(file, spool.store.live_folder) for file in log_files(folder)):
        return
    aside = spool.path / OWN_FOLDER / f"sent-{os.urandom(8).hex()}"
    with suppress(OSError):
        os.replace(folder, aside)
        shutil.rmtree(aside, ignore_errors=True)
        folder.parent.rmdir()  # the experiment, when nothing is left of it


def _is_over(file: Path, live_folder: Path) -> bool:
    """Whether it is sure that nobody writes the file, on no machine and in no container."""
    header = read_header(file)
    here = header is not None and header.host == os.uname().nodename
    sign = live_folder / file.stem.removeprefix("events-")
    latest = max(path.stat().st_mtime for path in (file, sign) if path.exists())
    quiet = SILENT if sign.exists() else 0.0 if here else _DAY
    return is_left(file, live_folder) and time.time() - latest >= quiet


class Claim:
    """The right to ship a run's folder, so that two processes do not send the same bytes.

    Nothing depends on it: what comes twice is passed over. It ends with the process.
    """

    def __init__(self, folder: Path) -> None:
        self._descriptor: int | None = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)

    def held(self) -> bool:
        """Take it, or say that another process has it. File systems without locks give it to all."""
        if self._descriptor is None:
            return False
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def close(self) -> None:
        """Give it back; in a forked child, without taking it from the parent."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
