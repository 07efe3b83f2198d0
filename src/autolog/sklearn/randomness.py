"""Random streams stay where they were, whatever is asked of a model for the record."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def untouched(*holders: Any) -> Iterator[None]:
    """Puts the global random streams, and those that ``holders`` hold, back to what they were.

    ``holders`` are mappings, such as an estimator's params and its attributes. A stream
    that nobody drew from is not written to.
    """
    import numpy as np

    restore = [_keep(value) for value in _streams(holders, np.random)]
    if not _others_may_draw():
        restore.append(_keeper(random.getstate, random.setstate))
        restore.append(_keeper(_state_of(np.random), np.random.set_state))
    try:
        yield
    finally:
        for put_back in restore:
            put_back()


def _others_may_draw() -> bool:
    """Whether threads of the user's run: to put a global stream back would undo what they drew."""
    here = threading.current_thread()
    return any(
        thread is not here and not thread.name.startswith("autolog-") for thread in threading.enumerate()
    )


def _streams(holders: Iterable[Any], numpy_random: Any) -> Iterator[Any]:
    seen: set[int] = set()
    for holder in holders:
        for value in holder.values():
            if (
                isinstance(value, (numpy_random.RandomState, numpy_random.Generator))
                and id(value) not in seen
            ):
                seen.add(id(value))
                yield value


def _keep(stream: Any) -> Callable[[], None]:
    if hasattr(stream, "bit_generator"):
        return _keeper(lambda: stream.bit_generator.state, lambda state: _set(stream.bit_generator, state))
    return _keeper(_state_of(stream), stream.set_state)


def _state_of(stream: Any) -> Callable[[], Any]:
    return lambda: stream.get_state(legacy=False)


def _set(bit_generator: Any, state: Any) -> None:
    bit_generator.state = state


def _keeper(get: Callable[[], Any], put: Callable[[Any], None]) -> Callable[[], None]:
    before = get()

    def put_back() -> None:
        if not _same(before, get()):
            put(before)

    return put_back


def _same(one: Any, other: Any) -> bool:
    """Equal states: numbers, texts and tuples of them; numpy's are dicts that hold arrays."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    return one.tobytes() == other.tobytes() if hasattr(one, "tobytes") else bool(one == other)
