"""Finding the store that an address names."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from .errors import NotAStore

if TYPE_CHECKING:
    from .base import Store

GROUP = "autolog.stores"
"""The entry points that open stores of other schemes: a function of the URI, named by the scheme."""

_OURS = {
    "http": ".http:HttpStore",
    "https": ".http:HttpStore",
    "sqlite": ".sql.store:SqlStore",
    "postgresql": ".sql.store:SqlStore",
}
"""The stores that come with us, by the scheme of their addresses."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")


def open_store(uri: str | os.PathLike[str]) -> Store:
    """The store at a path, a ``file://`` address, or one whose scheme a plugin opens.

    A folder need not exist: the first run makes it. Raises NotAStore.
    """
    text = os.fspath(uri)
    scheme = _foreign_scheme(text)
    if scheme is not None:
        return _factory(scheme)(text)
    from .folder import FolderStore

    return FolderStore(_folder(text))


def check_address(uri: str | os.PathLike[str]) -> None:
    """Raises NotAStore for what can be the address of no store: an unknown scheme, a file."""
    text = os.fspath(uri)
    scheme = _foreign_scheme(text)
    if scheme is None:
        _folder(text)
    else:
        _factory(scheme)


def require_store(uri: str | os.PathLike[str]) -> None:
    """Raises NotAStore when there is nothing to read: no folder, or one that holds other things."""
    text = os.fspath(uri)
    if _foreign_scheme(text) is not None:
        return
    folder = _folder(text)
    if not folder.exists():
        raise NotAStore(f"there is no store in {folder}: the folder does not exist")
    if not _may_be_store(folder):
        raise NotAStore(f"{folder} is no store: it holds other files and no run")


def _foreign_scheme(text: str) -> str | None:
    """The scheme of an address that is no folder's."""
    scheme = _SCHEME.match(text)
    return scheme[1].lower() if scheme and scheme[1].lower() != "file" else None


def _factory(scheme: str) -> Callable[[str], Store]:
    """What opens the stores of a scheme: ours, or a plugin's."""
    if scheme in _OURS:
        module, _, name = _OURS[scheme].partition(":")
        return lambda uri: getattr(import_module(module, __package__), name)(uri)
    from importlib.metadata import entry_points  # slow to import, and rarely needed

    known = {point.name: point for point in entry_points(group=GROUP)}
    if scheme not in known:
        others = "".join(f", {name}://" for name in sorted({*_OURS, *known}))
        # The address is not repeated: it may hold a password.
        raise NotAStore(f"no store is known for {scheme}://; a store is a folder's path, file://{others}")
    return lambda uri: known[scheme].load()(uri)


def _folder(text: str) -> Path:
    if not text or "\0" in text:
        raise NotAStore(f"a store's path is not {text!r}")
    if text.lower().startswith("file://"):
        parts = urlsplit(text)
        if parts.netloc not in ("", "localhost"):
            raise NotAStore(f"file://{parts.netloc}/… is on another machine; write file:///… for this one")
        text = unquote(parts.path)
    path = Path(os.path.expanduser(text)).absolute()
    if path.exists() and not path.is_dir():
        raise NotAStore(f"{path} is a file; a store is a folder")
    return path


def _may_be_store(folder: Path) -> bool:
    """A folder that is empty, or has our own folder or some run in it."""
    if (folder / ".autolog").is_dir() or not any(folder.iterdir()):
        return True
    return next(folder.glob("*/*/events-*.jsonl"), None) is not None
