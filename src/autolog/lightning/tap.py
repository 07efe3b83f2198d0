"""Listening to a method of one object, for a while."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ...tracking.contain import contained


class Tap:
    """Stands in for a method of ``owner``; pickles and copies as that method, without us."""

    def __init__(self, owner: Any, name: str, listener: Callable[..., None]) -> None:
        self._owner = owner
        self._name = name
        self._original = getattr(owner, name)
        self._listener = listener

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        result = self._original(*args, **kwargs)
        with contained(f"recording {self._name}"):
            self._listener(*args, **kwargs)
        return result

    def __reduce__(self) -> Any:
        return getattr, (self._owner, self._name)


@contextmanager
def tapped(owner: Any, name: str, listener: Callable[..., None]) -> Iterator[None]:
    """``listener`` is called with the arguments of each call of the method, after it."""
    tap, before = Tap(owner, name, listener), vars(owner).get(name)
    setattr(owner, name, tap)
    try:
        yield
    finally:
        if vars(owner).get(name) is tap:
            delattr(owner, name)
            if before is not None:
                setattr(owner, name, before)
