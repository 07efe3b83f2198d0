"""Stores to copy from and into: ours, servers, and what MLflow keeps on this machine without a server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..base import Store
from ..errors import NotAStore
from ..folder import FolderStore
from ..opening import open_store, require_store
from .mlflow_files import kept, local, served


@contextmanager
def opened(address: str, artifacts: Path | None = None) -> Iterator[Store]:
    """The store at an address, for as long as the block lasts. Raises NotAStore.

    ``artifacts``: where an MLflow server kept the files of a database.
    """
    place = kept(address)
    if place is not None:
        with served(place, artifacts) as url:
            yield open_store(url)
    else:
        _check(address)
        yield open_store(address)


def to_copy_into(address: str, *, dry: bool) -> Store:
    """The store at an address; when nothing is to be written (``dry``), a new database is not made."""
    path = local(address)
    if kept(address) is not None:
        raise NotAStore(f"{path} is MLflow's; start `mlflow server` on it and copy to its address")
    return FolderStore(path) if dry and path is not None and not path.exists() else open_store(address)


def _check(address: str) -> None:
    """A database would be made where there is none."""
    require_store(address)
    path = local(address)
    if path is not None and not path.exists():
        raise NotAStore(f"there is no store in {path}: the file does not exist")
