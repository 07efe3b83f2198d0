"""Requests that arrive while the model is at work are predicted together.

Nobody waits for company: a batch is whatever came in during the one before. A model is
asked from one thread, since few of them are made for more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from .wire import Asked

MOST_ROWS = 4096
"""Rows of several requests that are put together, at most."""


@dataclass(eq=False)
class _Waiting:
    asked: Asked
    answer: asyncio.Future[Any] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Batcher:
    """Answers requests by ``predict(columns, rows, whole, params)``, run by ``executor``.

    ``predict`` gives one entry for each row of a batch; a batch that fails is asked again
    one request at a time, so that each gets its own error.
    """

    def __init__(
        self,
        predict: Callable[[Asked], Any],
        executor: Executor,
        seen: Callable[[int], None] = lambda requests: None,
    ) -> None:
        self._predict = predict
        self._executor = executor
        self._seen = seen
        self._waiting: list[_Waiting] = []
        self._worker: asyncio.Task[None] | None = None

    async def ask(self, asked: Asked) -> Any:
        """The prediction for one request. Raises what the prediction raises."""
        waiting = _Waiting(asked)
        self._waiting.append(waiting)
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())
        return await waiting.answer

    async def _work(self) -> None:
        try:
            while self._waiting:
                batch = self._next()
                if batch:
                    self._seen(len(batch))
                    await self._answer(batch)
        finally:
            self._worker = None

    def _next(self) -> list[_Waiting]:
        """The request that waits longest, and those that can be answered with it."""
        self._waiting = [waiting for waiting in self._waiting if not waiting.answer.done()]  # given up
        if not self._waiting:
            return []
        first, rows = self._waiting[0], 0
        batch: list[_Waiting] = []
        for waiting in self._waiting:
            alike = waiting is first or (first.asked.key is not None and waiting.asked.key == first.asked.key)
            if alike and (not batch or rows + len(waiting.asked.rows or ()) <= MOST_ROWS):
                batch.append(waiting)
                rows += len(waiting.asked.rows or ())
        taken = set(map(id, batch))
        self._waiting = [waiting for waiting in self._waiting if id(waiting) not in taken]
        return batch

    async def _answer(self, batch: list[_Waiting]) -> None:
        try:
            answers = await self._run(self._together, batch)
        except Exception as error:  # noqa: BLE001 - the model's own, passed on to who asked
            if len(batch) > 1:
                for waiting in batch:
                    await self._answer([waiting])
                return
            _settle(batch[0], error=error)
            return
        for waiting, answer in zip(batch, answers, strict=True):
            _settle(waiting, answer)

    async def _run(self, function: Callable[..., Any], *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._executor, function, *args)

    def _together(self, batch: list[_Waiting]) -> list[Any]:
        """One answer for each request of the batch."""
        if len(batch) == 1:
            return [self._predict(batch[0].asked)]
        rows = [row for waiting in batch for row in waiting.asked.rows or ()]
        found = iter(self._predict(Asked(batch[0].asked.columns, rows)))
        answers = [list(islice(found, len(waiting.asked.rows or ()))) for waiting in batch]
        if sum(map(len, answers)) != len(rows) or next(found, None) is not None:
            raise ValueError("the model does not give one prediction for each row")
        return answers


def _settle(waiting: _Waiting, answer: Any = None, error: Exception | None = None) -> None:
    if waiting.answer.done():  # the client is gone, or its time is over
        return
    if error is not None:
        waiting.answer.set_exception(error)
    else:
        waiting.answer.set_result(answer)
