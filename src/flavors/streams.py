"""Random streams stay where they were, whatever is asked of a model for the record."""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def untouched(*holders: Any) -> Iterator[None]:
    """Puts the global random streams, and those that ``holders`` hold, back to what they were.

    ``holders`` are mappings, such as an estimator's params and its attributes. A stream
    that nobody drew from is not written to.
    """
    numpy_random = getattr(sys.modules.get("numpy"), "random", None)
    restore = [] if numpy_random is None else [_keep(value) for value in _streams(holders, numpy_random)]
    if not _others_may_draw():
        restore.append(_keeper(random.getstate, random.setstate))
        if numpy_random is not None:
            restore.append(_keeper(_state_of(numpy_random), numpy_random.set_state))
    try:
        yield
    finally:
        for put_back in restore:
            put_back()


def _others_may_draw() -> bool:
    """Whether other threads compute: to put a global stream back would undo what they drew.

    A thread with nothing on its stack but waiting loops, as a notebook's kernel and an idle
    pool have several, draws nothing.
    """
    here = threading.get_ident()
    alive = {thread.ident for thread in threading.enumerate()} - {here}
    return any(
        ident in alive and not all(_is_loop(module) for module in _modules(frame))
        for ident, frame in sys._current_frames().items()
    )


def _modules(frame: FrameType | None) -> Iterator[str]:
    """The names of the modules whose code is on a stack, innermost first."""
    while frame is not None:
        yield frame.f_globals.get("__name__", "")
        frame = frame.f_back


def _is_loop(module: str) -> bool:
    top = module.partition(".")[0]
    return top in sys.stdlib_module_names or top in _LOOPS


_LOOPS = {
    *("autolog", "joblib", "distributed", "tornado", "tqdm", "execnet", "anyio", "uvicorn", "tensorboard"),
    *("IPython", "ipykernel", "zmq", "debugpy", "pydevd", "_pydevd_bundle"),
}


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
