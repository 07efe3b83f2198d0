"""The runs that are being written to through this server."""

from __future__ import annotations

import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from math import inf

from ..base import RunData, RunWriter, Store
from ..errors import RunNotFound
from ..events import Number
from ..queries import Queries
from .errors import invalid

_MOST_OPEN = 256
"""Runs whose files are kept open."""

_SECONDS = 5.0
"""After which it is asked again whether another server deleted the run, as the tables know it by then."""
_SHARE = 0.05
"""Of the time, for asking that: of a folder, it reads all that was logged."""

_REMEMBERED, _REPEATED_WITHIN = 32, 300.0
"""Requests for points that are known again, and for how many seconds."""

Point = tuple[str, int, int, Number]


@dataclass(eq=False)
class Open:
    """A run that is written to. ``params`` are those that it has; who adds to them holds ``lock``."""

    writer: RunWriter
    ask_again: float
    params: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    _lately: OrderedDict[int, float] = field(default_factory=OrderedDict)

    def points(self, points: Sequence[Point]) -> None:
        """Log what one request holds, once: a client that lost the answer asks for the very same again."""
        name, now = hash(tuple(points)), time.monotonic()
        if not points or now - self._lately.get(name, -inf) < _REPEATED_WITHIN:
            return
        self.writer.points(points)
        self._lately[name] = now
        if len(self._lately) > _REMEMBERED:
            self._lately.popitem(last=False)


@contextmanager
def adding_params(store: Store, run: Open) -> Iterator[None]:
    """Nobody else adds params to the run meanwhile, here or in another instance; its ``params`` are all."""
    database = getattr(store, "database", None)
    with run.lock, database.locked(run.writer.id) if database else nullcontext(False) as shared:
        if shared:
            stored = store.get(run.writer.id, deleted=True).params
            run.params.update({key: str(value) for key, value in stored.items()})
        yield


class Writers:
    """The writers of a store's runs, the ones used last kept open."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open: OrderedDict[str, Open] = OrderedDict()
        self._lock = threading.Lock()

    def active(self, id: str) -> Open:
        """The writer of a run that is not deleted. Raises RunNotFound, Refused."""
        found = self._open.get(id)
        began = time.monotonic()
        if found is None or began > found.ask_again:
            run = active_or_not(self._store, id) if found is None else self._seen(id)
            check_active(run)
            found = self.any(id)
            with found.lock:
                found.params.update({key: str(value) for key, value in run.params.items()})
            ended = time.monotonic()
            found.ask_again = ended + max(_SECONDS, (ended - began) / _SHARE)
        return found

    def _seen(self, id: str) -> RunData:
        return self._store.seen(id) if isinstance(self._store, Queries) else active_or_not(self._store, id)

    def any(self, id: str) -> Open:
        """The writer of a run, deleted or not. Raises RunNotFound."""
        found = self._open.get(id) or Open(self._store.join(id), 0.0)
        return self._kept(id, found)

    def begun(self, writer: RunWriter) -> None:
        """A run that began here."""
        self._kept(writer.id, Open(writer, time.monotonic() + _SECONDS))

    def _kept(self, id: str, opened: Open) -> Open:
        with self._lock:
            found = self._open.setdefault(id, opened)
            self._open.move_to_end(id)
            old = self._open.popitem(last=False)[1] if len(self._open) > _MOST_OPEN else None
        if old is not None:
            old.writer.close()
        return found

    def close(self, id: str) -> None:
        """Nothing more is expected for now."""
        with self._lock:
            found = self._open.pop(id, None)
        if found is not None:
            found.writer.close()

    def close_all(self) -> None:
        for id in list(self._open):
            self.close(id)


def active_or_not(store: Store, id: str) -> RunData:
    """A run by its whole id. Raises RunNotFound, with MLflow's message."""
    try:
        found = store.get(id, deleted=True) if id else None
    except RunNotFound:
        found = None
    if found is None or found.id != id:
        raise RunNotFound(f"Run with id={id} not found")
    return found


def check_active(run: RunData) -> None:
    if run.deleted:
        raise invalid(f"The run {run.id} must be in the 'active' state. Current state is deleted.")


_writers: weakref.WeakKeyDictionary[Store, Writers] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def writers(store: Store) -> Writers:
    with _lock:
        found = _writers.get(store)
        if found is None:
            found = _writers[store] = Writers(store)
        return found


def close_writers(store: Store) -> None:
    writers(store).close_all()
