"""What happens to a run, as it happens: the lines of server-sent events.

https://html.spec.whatwg.org/multipage/server-sent-events.html. The event ``run`` holds the
run (as `wire.own.Run`) whenever it changed, ``points`` the new points of a metric: from which
index on, and their steps, times and values.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import msgspec
from starlette.concurrency import run_in_threadpool

from ..base import Last, Store
from ..events import wire_number
from ..points import Points
from ..wire.own import Run, packed_run

PAUSE = 1.0
"""Seconds between two looks."""
_SILENCE = 15.0
"""Seconds after which a comment keeps proxies from closing a silent connection."""


async def changes(store: Store, id: str) -> AsyncIterator[bytes]:
    """The events of a run, from all that there is on."""
    watch, silent = _Watch(store, id), 0.0
    while True:
        found = await run_in_threadpool(lambda: list(watch.look()))
        if found:
            yield b"".join(found)
        elif silent >= _SILENCE:
            yield b": still here\n\n"
        silent = 0.0 if found or silent >= _SILENCE else silent + PAUSE
        await asyncio.sleep(PAUSE)


class _Watch:
    """What was told of a run."""

    def __init__(self, store: Store, id: str) -> None:
        self._store = store
        self._id = id
        self._run: Run | None = None
        self._last: dict[str, Last] = {}
        self._told: dict[str, int] = {}

    def look(self) -> Iterator[bytes]:
        run = packed_run(self._store.get(self._id, deleted=True))
        if run != self._run:
            self._run = run
            yield _event("run", run)
        last = dict(self._store.latest([self._id]).get(self._id, {}))
        for key in [key for key in last if repr(last[key]) != repr(self._last.get(key))]:
            yield from self._points(key)
        self._last = last

    def _points(self, key: str) -> Iterator[bytes]:
        points = self._store.points(self._id, key)
        start = self._told.get(key, 0)
        if start >= len(points):  # rewound: all of it again
            start = 0
        self._told[key] = len(points)
        yield _event("points", _columns(key, start, points[start:]))


def _columns(key: str, start: int, points: Points) -> dict[str, object]:
    values = [wire_number(value) for value in points.value]
    return {
        "key": key,
        "start": start,
        "step": list(points.step),
        "time": list(points.time),
        "value": values,
    }


def _event(name: str, data: object) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), msgspec.json.encode(data))
