"""Values for objects of the user's, found by identity, without a trace on the object."""

from __future__ import annotations

import weakref
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Remembered(Generic[T]):
    """A bounded mapping from objects that need be neither hashable nor changeable.

    An object that dies is forgotten, and so is the oldest one beyond ``limit``. Objects
    that take no weak reference (lists, tuples) are never remembered: an id alone may
    come back for another object.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: dict[int, tuple[weakref.ref[Any], T]] = {}

    def put(self, thing: Any, value: T) -> None:
        key = id(thing)
        try:
            reference = weakref.ref(thing, lambda gone: self._forget(key, gone))
        except TypeError:
            return
        self._entries.pop(key, None)  # so that it counts as the newest
        self._entries[key] = reference, value
        while len(self._entries) > self._limit:
            self._entries.pop(next(iter(self._entries)), None)

    def get(self, thing: Any) -> T | None:
        entry = self._entries.get(id(thing))
        return entry[1] if entry is not None and entry[0]() is thing else None

    def drop(self, thing: Any) -> None:
        self._entries.pop(id(thing), None)

    def _forget(self, key: int, gone: weakref.ref[Any]) -> None:
        entry = self._entries.get(key)
        if entry is not None and entry[0] is gone:
            del self._entries[key]
