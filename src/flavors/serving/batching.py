"""Requests that arrive while the model is at work are predicted together.

Nobody waits for company: a batch is whatever came in during the one before. A model is
asked from one thread, since few of them are made for more.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from queue import SimpleQueue
from typing import Any

from .wire import Asked


class ModelThread(Executor):
    """One thread, which is not waited for at the end: a model that hangs must not keep the process alive."""

    def __init__(self) -> None:
        self._tasks: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        threading.Thread(target=self._work, name="autolog-model", daemon=True).start()

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self._tasks.put((future, partial(function, *args, **kwargs)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._tasks.put(None)

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            future, function = task
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(function())
            except BaseException as error:  # noqa: BLE001 - who waits for it gets it
                future.set_exception(error)


@dataclass(eq=False)
class _Waiting:
    asked: Asked
    answer: asyncio.Future[Any] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Batcher:
    """Answers requests by ``predict``, run by ``executor``.

    ``predict`` gives one entry for each row of a batch; a batch that fails is asked again
    one request at a time, so that each gets its own error. ``seen`` is told the requests of
    each batch; ``most`` is how many rows of several requests are put together.
    """

    def __init__(
        self,
        predict: Callable[[Asked], Any],
        executor: Executor,
        seen: Callable[[int], None] = lambda requests: None,
        most: int = 4096,
    ) -> None:
        self._predict = predict
        self._executor = executor
        self._seen = seen
        self._most = most
        self._waiting: list[_Waiting] = []
        self._worker: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """Requests that the model has not begun with."""
        return len(self._waiting)

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
            if alike and (not batch or rows + len(waiting.asked.rows or ()) <= self._most):
                batch.append(waiting)
                rows += len(waiting.asked.rows or ())
        taken = set(map(id, batch))
        self._waiting = [waiting for waiting in self._waiting if id(waiting) not in taken]
        return batch

    async def _answer(self, batch: list[_Waiting]) -> None:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._executor, self._outcomes, [entry.asked for entry in batch])
        for waiting, outcome in zip(batch, found, strict=True):
            _settle(waiting, outcome)

    def _outcomes(self, batch: list[Asked]) -> list[Any]:
        """For each request its answer, or `_Failed`."""
        try:
            return self._together(batch)
        except BaseException as error:  # noqa: BLE001 - also sys.exit() of a model must not end the server
            if len(batch) == 1:
                return [_Failed(error)]
        return [outcome for asked in batch for outcome in self._outcomes([asked])]

    def _together(self, batch: list[Asked]) -> list[Any]:
        """One answer for each request of the batch."""
        if len(batch) == 1:
            return [self._predict(batch[0])]
        rows = [row for asked in batch for row in asked.rows or ()]
        found = iter(self._predict(Asked(batch[0].columns, rows)))
        answers = [list(islice(found, len(asked.rows or ()))) for asked in batch]
        if sum(map(len, answers)) != len(rows) or next(found, _END) is not _END:
            raise ValueError("the model does not give one prediction for each row")
        return answers


_END = object()


@dataclass(frozen=True)
class _Failed:
    error: BaseException


def _settle(waiting: _Waiting, outcome: Any) -> None:
    if waiting.answer.done():  # its time is over
        return
    if not isinstance(outcome, _Failed):
        waiting.answer.set_result(outcome)
    elif isinstance(outcome.error, Exception) and not isinstance(outcome.error, StopIteration):
        waiting.answer.set_exception(outcome.error)
    else:  # a future has no place for these
        error = RuntimeError(f"the model raised {type(outcome.error).__name__}")
        error.__cause__ = outcome.error
        waiting.answer.set_exception(error)
