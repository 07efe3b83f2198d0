"""Numbers that lie in tensors: read at once from the CPU, in batches from a device.

Reading a number from a GPU makes the program wait for it. So the tensors stay there; some
hundred of them are copied together while the program goes on, and what has arrived is
written with the step and the time it belongs to.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple
from weakref import WeakSet

import torch

from ...store.log import write_before_reading
from ...tracking.contain import contained
from ..sink import Log

PAUSE = 100_000_000  # ns
IDLE = 1.0  # seconds
AT_ONCE = 100
"""So many of a run's values are not gathered: a loop that ends early keeps them, however it ends."""

DEVICE_PAUSE = 1.0  # seconds
BATCH = 512

Value = float | torch.Tensor
"""A number, or a tensor with one that is not read yet."""


def value_of(tensor: torch.Tensor) -> Value | None:
    """The number in a tensor of one element; from a device a copy of it, made without waiting.

    A copy, because the next step may write into the same memory. None where there is no
    number to be had: on the meta device, and while a CUDA graph is captured.
    """
    if tensor.is_cpu:
        return float(tensor.item())
    if tensor.is_meta or (tensor.is_cuda and torch.cuda.is_current_stream_capturing()):
        return None
    return tensor.detach().clone().reshape(())


class _Reading(NamedTuple):
    """The metric's value at ``step`` is the sum of these. Time in ms since the epoch."""

    name: str
    step: int
    time: int
    tensors: Sequence[torch.Tensor]
    number: float


class _Copy(NamedTuple):
    """Readings whose numbers are on their way to the CPU; ``event`` says when they are there."""

    readings: Sequence[_Reading]
    numbers: torch.Tensor
    event: Any


class Readings:
    """Values of one run, written in batches: a slow loop's at every step, a fast one's ten times a second.

    ``points`` takes what is known already: name, value, step, and time in ns since the epoch.
    """

    def __init__(self, log: Log) -> None:
        self.points: deque[tuple[str, float, int, int]] = deque()
        self.written = 0
        """When points were written last; 0 while each is written at once."""
        self._count = 0
        self._log = log
        self._lock = threading.RLock()
        self._waiting: list[_Reading] = []
        self._copies: list[_Copy] = []
        self._sent = time.monotonic()
        _late.look_after(self)

    def point(self, name: str, value: float, step: int) -> None:
        now = time.time_ns()
        self.points.append((name, value, step, now))
        if not 0 <= now - self.written < PAUSE:
            self.write()

    def write(self) -> None:
        """Write what is known."""
        with self._lock:
            known = [self.points.popleft() for _ in range(len(self.points))]
            self._count += len(known)
            self.written = time.time_ns() if self._count >= AT_ONCE else 0
            self._log.points((name, value, step, at // 1_000_000) for name, value, step, at in known)

    def add(self, name: str, values: Sequence[Value], step: int) -> None:
        """The sum of values some of which are still on a device."""
        tensors = [value for value in values if isinstance(value, torch.Tensor)]
        number = sum(value for value in values if not isinstance(value, torch.Tensor))
        self._waiting.append(_Reading(name, step, time.time_ns() // 1_000_000, tensors, number))
        now = time.monotonic()
        if len(self._waiting) >= BATCH or now - self._sent >= DEVICE_PAUSE:
            self._sent = now
            self._send()
            self._receive(wait=False)

    def flush(self) -> None:
        """Write all there is, waiting for the device."""
        self.write()
        self._send()
        self._receive(wait=True)

    def _send(self) -> None:
        """Have the numbers copied, one batch for each device."""
        waiting, self._waiting = self._waiting, []
        devices = dict.fromkeys(reading.tensors[0].device for reading in waiting)
        for device in devices:
            readings = [reading for reading in waiting if reading.tensors[0].device == device]
            tensors = [tensor.to(device) for reading in readings for tensor in reading.tensors]
            self._copies.append(_Copy(readings, *_copied(torch.stack(tensors))))

    def _receive(self, wait: bool) -> None:
        """Write the batches that have arrived, in their order."""
        while self._copies and (wait or _arrived(self._copies[0])):
            readings, numbers, event = self._copies.pop(0)
            if event is not None:
                event.synchronize()
            self._log.points(_points(readings, numbers.tolist()))


def _copied(numbers: torch.Tensor) -> tuple[torch.Tensor, Any]:
    if not numbers.is_cuda:
        return numbers, None  # other devices are waited for: once a batch
    host = torch.empty(numbers.shape, dtype=numbers.dtype, device="cpu", pin_memory=True)
    host.copy_(numbers, non_blocking=True)
    event = torch.cuda.Event()  # type: ignore[no-untyped-call]
    event.record(torch.cuda.current_stream(numbers.device))
    return host, event


def _arrived(copy: _Copy) -> bool:
    return copy.event is None or copy.event.query()


def _points(readings: Sequence[_Reading], numbers: list[float]) -> list[tuple[str, float, int, int]]:
    left = iter(numbers)
    return [
        (name, number + sum(next(left) for _ in tensors), step, at)
        for name, step, at, tensors, number in readings
    ]


class _Late:
    """Writes what a loop has left behind: it pauses, or went on to something else."""

    def __init__(self) -> None:
        self._all: WeakSet[Readings] = WeakSet()
        self._thread: threading.Thread | None = None

    def look_after(self, readings: Readings) -> None:
        self._all.add(readings)
        if self._thread is None:
            self._thread = threading.Thread(target=self._watch, name="autolog-torch", daemon=True)
            self._thread.start()

    def write(self) -> None:
        for readings in list(self._all):
            if readings.points:
                with contained("writing the values of a training"):
                    readings.write()

    def _watch(self) -> None:
        pause = threading.Event()
        while not pause.wait(IDLE):
            self.write()

    def start_over(self) -> None:
        """After a fork: the values are the parent's to write."""
        self.__init__()  # type: ignore[misc]


_late = _Late()
write_before_reading(_late.write)
os.register_at_fork(after_in_child=_late.start_over)
