"""One study, one run, however many processes work on it, at once or one after another.

A study in a database or a journal is known by the address of that and its name. The
store keeps a note of the run that each such study has, behind a lock, so that of two
processes that begin together one opens the run and the other joins it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ...store.errors import StoreError
from ...store.folder import OWN_FOLDER, FolderStore
from ...tracking.active import active_settings
from ...tracking.opening import open_elsewhere, open_top, store_of

if TYPE_CHECKING:
    from ...tracking.runs import ActiveRun

_SQLITE = re.compile(r"sqlite(?:\+\w+)?:///(.+)")
_PASSWORD = re.compile(r"//[^/@]*@")
_PATIENCE = 3.0  # seconds to wait for another process that opens the run


def address(study: Any) -> str | None:
    """Where the study is kept, the same in every process; None for one in memory.

    Optuna tells nobody, so this looks at what its own storages are made from.
    """
    storage = getattr(study, "_storage", None)
    backend = getattr(storage, "_backend", storage)  # behind a cache, or a journal's file
    if path := getattr(backend, "_file_path", None):
        return str(os.path.realpath(path))
    if host := getattr(backend, "_host", None):
        return f"{host}:{getattr(backend, '_port', '')}"
    url = getattr(backend, "url", None) or getattr(backend, "_url", None)
    return _absolute(str(url)) if url else None


def _absolute(url: str) -> str | None:
    file = _SQLITE.fullmatch(url)
    if file is None:
        return None if url.startswith("sqlite") else _PASSWORD.sub("//", url)
    return None if file[1].startswith(":memory:") else f"sqlite:///{os.path.realpath(file[1])}"


def digest(*parts: object) -> str:
    """An id made of other ids."""
    return hashlib.blake2b(repr(parts).encode(), digest_size=8).hexdigest()


def shared_run(study: Any, name: str, identity: str) -> ActiveRun:
    """The run at the top that the study has, opened by the first process that comes."""
    settings = active_settings()
    with suppress(OSError, StoreError):
        store = store_of(settings)
        if isinstance(store, FolderStore):
            with _locked(store.path / OWN_FOLDER / "studies" / identity) as note:
                facts = _noted(study, store, note)
                if facts is not None:
                    return open_elsewhere(settings, resumed=True, **facts)
                run = open_top(settings, name)
                _write(note, run, store)
                return run
    return open_top(settings, name)


@contextmanager
def _locked(path: Path) -> Iterator[IO[str]]:
    """A file, ours alone for the block. Raises OSError if it cannot be had, or not in time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+", encoding="utf-8") as file:
        end = time.monotonic() + _PATIENCE
        while not _lock(file):
            if time.monotonic() > end:
                raise TimeoutError(f"{path} is locked by another process")
            time.sleep(0.02)
        yield file


def _lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _noted(study: Any, store: FolderStore, note: IO[str]) -> dict[str, Any] | None:
    """Id, name, experiment and address of the study's run, if it still has one."""
    note.seek(0)
    try:
        facts = json.loads(note.read())
        store.get(facts["id"])
        if not study.get_trials(deepcopy=False) and store.search(f"parent = '{facts['id']}'", limit=1):
            return None  # the study was deleted and begun anew
        return {**facts, "address": str(store.path / facts["address"])}
    except (ValueError, KeyError, StoreError):
        return None


def _write(note: IO[str], run: ActiveRun, store: FolderStore) -> None:
    note.truncate(0)
    place = os.path.relpath(run.writer.address, store.path)  # the store may be moved
    facts = {"id": run.id, "name": run.name, "experiment": run.experiment, "address": place}
    note.write(json.dumps(facts))
    note.flush()
