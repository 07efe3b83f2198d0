"""What `autolog server --check` says of a store."""

from __future__ import annotations

import os
from collections.abc import Iterator

from ..base import Store
from ..errors import StoreUnavailable
from ..folder import FolderStore

_AT_ONCE = 1000


def checked(store: Store) -> Iterator[str]:
    """What is there, a line each; every part of the store is asked. Raises StoreError, OSError."""
    yield f"store: {store.uri}"
    if isinstance(store, FolderStore):
        _check_folder(store)
    yield f"experiments: {len(store.experiments.list())}"
    yield f"runs: {_runs(store)}"
    yield f"registered models: {len(store.registry.search())}"


def _runs(store: Store) -> int:
    count = 0
    while found := len(store.search(limit=_AT_ONCE, offset=count)):
        count += found
    return count


def _check_folder(store: FolderStore) -> None:
    """A folder that is not there yet is made by the first run, if it can be."""
    place = store.path
    while not place.exists():
        place = place.parent
    if not os.access(place, os.W_OK | os.X_OK):
        raise StoreUnavailable(f"nothing can be written in {place}; its permissions do not allow it")
