"""Contents of files that come in, by their SHA-256, until they stand in a run.

A file comes in parts that are added to ``<sha256>.<size>.part``, so an upload goes on where it
stopped, also after a restart. What is complete and right becomes ``<sha256>``. Notes in
``known`` say which file of a run has which content, so that equal content is not sent again;
they may be old or wrong: a file is hashed before it is linked to.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ...web.refused import Refused
from ..base import ArtifactFolder, Entry, Store
from ..errors import ArtifactNotFound, InvalidName
from ..files import cache_folder, sha256_of
from ..intake import Gap
from ..names import artifact_path
from ..wire.own import Content, Listing, Missing

_SHA256 = re.compile(r"[0-9a-f]{64}")
_KEPT = 7 * 86400.0
"""Seconds for which an upload that nobody goes on with is kept."""


class Contents:
    """What came in below ``folder``; ``root`` is the store's folder, if it is one."""

    def __init__(self, folder: Path, root: Path | None = None) -> None:
        self._folder = folder
        self._root = root

    def missing(self, listing: Listing) -> list[Missing]:
        """The contents that have yet to come, each once."""
        wanted = {(content.sha256, content.size): None for content in listing.files}
        return [
            Missing(sha256, size, self._offset(sha256, size))
            for sha256, size in wanted
            if self._source(_checked(sha256), size) is None
        ]

    def add(self, sha256: str, size: int, offset: int, data: bytes) -> int:
        """Add what follows on the first ``offset`` bytes of a content; returns how many are here now.

        Bytes that are here already are passed over. Raises Gap, and Refused when all are here
        and are not what they should be.
        """
        if self._whole(_checked(sha256)).exists():
            return size
        self._folder.mkdir(parents=True, exist_ok=True)
        part = self._part(sha256, size)
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with open(descriptor, "ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            there = os.fstat(descriptor).st_size
            if offset > there:
                raise Gap(there)
            file.write(data[there - offset : size - offset])
            file.flush()
            there = os.fstat(descriptor).st_size
        if there == size:
            self._complete(part, sha256)
        return there

    def assemble(self, listing: Listing, draft: Path) -> None:
        """Put the files at ``draft``, which is no file yet. Raises InvalidName, ArtifactNotFound."""
        if listing.is_dir:
            draft.mkdir()
        elif len(listing.files) != 1:
            raise InvalidName(f"a file is one content, not {len(listing.files)}")
        for content in listing.files:
            target = draft / artifact_path(content.path) if listing.is_dir else draft
            source = self._source(_checked(content.sha256), content.size)
            if source is None:
                raise ArtifactNotFound(f"the content of {content.path!r} has not come in yet")
            target.parent.mkdir(parents=True, exist_ok=True)
            _link(source, target)

    def placed(self, listing: Listing, home: Path) -> None:
        """The files stand at ``home`` now: what came in for them is needed no more."""
        for content in listing.files:
            self._whole(content.sha256).unlink(missing_ok=True)
            if self._root is not None:
                note = self._note(content.sha256)
                note.parent.mkdir(parents=True, exist_ok=True)
                path = home / content.path if listing.is_dir else home
                note.write_bytes(os.fsencode(path.relative_to(self._root)))

    def _source(self, sha256: str, size: int) -> Path | None:
        """A file with the content."""
        whole = self._whole(sha256)
        with suppress(OSError):
            if whole.stat().st_size == size:
                return whole
        return self._known(sha256, size)

    def _known(self, sha256: str, size: int) -> Path | None:
        if self._root is None:
            return None
        with suppress(OSError, ValueError):
            name = os.fsdecode(self._note(sha256).read_bytes())
            path = Path(os.path.realpath(self._root / name))
            inside = path.is_relative_to(os.path.realpath(self._root))
            if inside and path.stat().st_size == size and sha256_of(path) == sha256:
                return path
        return None

    def _complete(self, part: Path, sha256: str) -> None:
        if sha256_of(part) == sha256:
            os.replace(part, self._whole(sha256))
            self._tidy()
            return
        part.unlink(missing_ok=True)
        raise Refused(
            422, "WRONG_CONTENT", f"what was sent does not have the SHA-256 {sha256}; send it again"
        )

    def _tidy(self) -> None:
        for file in self._folder.iterdir():
            with suppress(OSError):
                if file.is_file() and time.time() - file.stat().st_mtime > _KEPT:
                    file.unlink()

    def _offset(self, sha256: str, size: int) -> int:
        try:
            return self._part(sha256, size).stat().st_size
        except FileNotFoundError:
            return 0

    def _whole(self, sha256: str) -> Path:
        return self._folder / sha256

    def _part(self, sha256: str, size: int) -> Path:
        return self._folder / f"{sha256}.{size}.part"

    def _note(self, sha256: str) -> Path:
        return self._folder / "known" / sha256[:2] / sha256


def contents_of(store: Store) -> Contents:
    """Where the contents for a store come in: below it, or in this user's cache."""
    from ..folder import OWN_FOLDER, FolderStore

    if isinstance(store, FolderStore):
        return Contents(store.path / OWN_FOLDER / "uploads", store.path)
    name = hashlib.sha256(store.uri.encode()).hexdigest()[:16]
    return Contents(cache_folder() / "uploads" / name)


def listing_of(files: ArtifactFolder, path: str) -> Listing:
    """A file or folder of a run with the sizes and hashes. Raises ArtifactNotFound."""
    pure = artifact_path(path)
    above = "" if pure.parent == pure.parent.parent else str(pure.parent)
    entry = next((entry for entry in files.entries(above) if entry.path == str(pure)), None)
    if entry is None:
        raise ArtifactNotFound(f"the run has no artifact {path!r}")
    found = _below(files, entry) if entry.is_dir else [entry]
    return Listing(entry.is_dir, [_content(files, file, str(pure)) for file in found])


def folder_listing(folder: Path) -> Listing:
    """The same for a folder on this machine."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    contents = (
        Content(file.relative_to(folder).as_posix(), file.stat().st_size, sha256_of(file)) for file in files
    )
    return Listing(True, list(contents))


def _below(files: ArtifactFolder, folder: Entry) -> Iterator[Entry]:
    for entry in files.entries(folder.path):
        yield from _below(files, entry) if entry.is_dir else [entry]


def _content(files: ArtifactFolder, file: Entry, top: str) -> Content:
    with files.open(file.path) as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]
    return Content(file.path.removeprefix(top).removeprefix("/"), file.size, digest)


def _checked(sha256: str) -> str:
    if not _SHA256.fullmatch(sha256):
        raise InvalidName(f"a SHA-256 is 64 hexadecimal digits, not {sha256[:80]!r}")
    return sha256


def _link(source: Path, target: Path) -> None:
    """A second name of the file, which nobody may change then; a copy where there are no links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
    else:
        os.chmod(target, stat.S_IMODE(target.stat().st_mode) & ~0o222)
