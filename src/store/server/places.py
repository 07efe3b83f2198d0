"""Paths that clients give to the artifact proxy, and the files that they mean.

<experiment>/<run>/artifacts/<path>           an artifact
<experiment>/models/<model>/artifacts/<path>  a file of a logged model
registry/<model>/<version>/<path>             a file that was copied into the registry
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol
from urllib.parse import unquote

from ..base import Entry, Store
from ..errors import ArtifactNotFound, InvalidName
from ..names import artifact_path
from .errors import invalid, missing
from .logged_models import located
from .writers import active_or_not

LONGEST = 1000
"""Bytes of a path; file systems take 4,096 with all that comes before it."""

_OF_RUN = re.compile(r"[^/]+/([A-Za-z0-9_-]+)/artifacts(?:/(.+))?")
_OF_MODEL = re.compile(r"[^/]+/models/([A-Za-z0-9_-]+)/artifacts(?:/(.+))?")
_OF_VERSION = re.compile(r"registry/([^/]+)/(\d{1,18})(?:/(.+))?")


class Files(Protocol):
    """What can be listed and read."""

    def entries(self, path: str = "") -> list[Entry]: ...

    def open(self, name: str) -> BinaryIO: ...


class Place(NamedTuple):
    """A file or folder of a run; ``path`` is empty for all of its files."""

    run: str
    path: str


def place(store: Store, path: str) -> Place:
    """The place in a run that a path of the proxy names. Raises Refused."""
    clean = checked_path(path)
    if match := _OF_MODEL.fullmatch(clean):
        run, above = located(store, match[1])
        return Place(run, f"{above}/{match[2]}" if match[2] else above)
    if match := _OF_RUN.fullmatch(clean):
        return Place(match[1], match[2] or "")
    raise missing("there is no such place: a path is EXPERIMENT/RUN/artifacts/NAME")


def file_place(store: Store, path: str) -> Place:
    """The same for a single file. Raises Refused."""
    found = place(store, path)
    if not found.path:
        raise invalid("Invalid path: it names no file")
    return found


def readable(store: Store, path: str) -> tuple[Files, str]:
    """The files that a path of the proxy leads to, and its rest among them. Raises Refused, StoreError."""
    if match := _OF_VERSION.fullmatch(checked_path(path)):
        return version_files(store, unquote(match[1]), int(match[2])), match[3] or ""
    found = place(store, path)
    return store.artifacts(active_or_not(store, found.run).id), found.path


def version_files(store: Store, name: str, number: int) -> Files:
    return _Folder(store.registry.path(store.registry.version(name, number)))


class _Folder:
    """The files of a version."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def entries(self, path: str = "") -> list[Entry]:
        folder = self._root / path
        inside = sorted(folder.iterdir()) if folder.is_dir() else []
        return [self._entry(file) for file in inside]

    def _entry(self, file: Path) -> Entry:
        size = 0 if file.is_dir() else file.stat().st_size
        return Entry(file.relative_to(self._root).as_posix(), file.is_dir(), size)

    def open(self, name: str) -> BinaryIO:
        file = self._root / name
        if not file.is_file():
            raise ArtifactNotFound(f"there is no file {name!r}")
        return file.open("rb")


def checked_path(path: str) -> str:
    """``path``, which stays below whatever it is joined to in any encoding. Raises Refused."""
    try:
        clean = [str(artifact_path(form)) for form in _forms(path)]
    except InvalidName:
        raise invalid("Invalid path") from None
    absolute = any(form.startswith("/") or "//" in form for form in _forms(path))
    if absolute or len(path.encode("utf-8", "replace")) > LONGEST or not path.isprintable():
        raise invalid("Invalid path")
    return clean[0]


def _forms(path: str) -> list[str]:
    """What the path is, and what it is when somebody decodes it once more, and again."""
    forms = [path]
    while (less := unquote(forms[-1])) != forms[-1]:
        forms.append(less)
    return forms
