"""The thread that ships, beside a training that must not notice it.

It looks at the spool twice a second: whoever writes there, and however fast, waits for nothing
and keeps nothing in memory. When the server is away it tries again, less and less often. What is
left when the process ends waits in the spool for the next one, or for `autolog sync`.
"""

from __future__ import annotations

import atexit
import logging
import math
import os
import random
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import StoreUnavailable
from ..writer import open_folders
from .client import Away
from .patience import at_most
from .shipping import Left, Shipping
from .spool import Spool
from .target import Target

logger = logging.getLogger(__name__)

PAUSE = 0.5
"""Seconds between two looks at the spool."""
LONGEST = 60.0
"""Seconds between two tries, at most, while the server is away."""
_TIDY = 30.0
WAIT = "AUTOLOG_SHIP_WAIT"
"""The variable with the seconds that the end of a process waits for its records to arrive."""
_WAIT = 10.0


class Shipper:
    """Ships one spool to one target, for this process. Safe for any thread, and after a fork."""

    def __init__(self, spool: Spool, target: Target) -> None:
        self._spool = spool
        self._target = target
        self._shipping = Shipping(spool, target)
        self._start_over()

    def _start_over(self) -> None:
        self._turn = threading.Lock()
        self._gate = threading.Lock()
        self._thread: threading.Thread | None = None
        self._used = False
        self._failures = 0
        self._end: float | None = None
        self._said = ""

    def forked(self) -> None:
        """In the child: the thread is the parent's, and so is what it sees to."""
        self._shipping.release()
        self._shipping = Shipping(self._spool, self._target)
        self._start_over()

    def wake(self, folder: Path) -> None:
        """This process writes to a run's folder: see that it is shipped."""
        self._shipping.wrote(folder)
        if not self._used:
            self._used = True
            self._spool.note_server(self._target.url)
            _at_exit(self)
        with self._gate:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="autolog-shipper", daemon=True)
                self._thread.start()

    def flush(self, seconds: float) -> None:
        """Send what is in the runs that this process writes to. Raises StoreUnavailable when it cannot."""
        with at_most(seconds), self._my_turn(seconds):
            self._shipping.send("mine")

    def settle(self) -> None:
        """The process ends: wait for a while, and say what is left. The time is one for all calls."""
        if not self._used:
            return
        self._end = time.monotonic() + _wait() if self._end is None else self._end
        self._last_tries()
        left = self._shipping.left("mine")
        message = _farewell(left, self._target.url)
        if left.runs and message != self._said:
            self._said = message
            sys.stderr.write(message + "\n")

    def _last_tries(self) -> None:
        """Once, and again while there is hope: not when the server has been away for long."""
        end = self._end or 0.0
        hopeful = self._failures < 3
        while (seconds := end - time.monotonic()) > 0:
            try:
                self.flush(seconds)
                return
            except StoreUnavailable:
                if not hopeful:
                    return
                time.sleep(min(PAUSE, max(0.0, end - time.monotonic())))
            except OSError:
                return

    # The thread

    def _work(self) -> None:
        """Until everything is sent and nobody here writes any more."""
        tidied = -math.inf
        while True:
            pause = self._round()
            if self._failures == 0 and time.monotonic() - tidied > _TIDY:
                tidied = time.monotonic()
                with self._turn:
                    self._shipping.tidy()
            time.sleep(pause)
            with self._gate:
                if self._failures == 0 and self._is_done():
                    self._thread = None
                    return

    def _is_done(self) -> bool:
        return not open_folders(self._spool.path) and not self._shipping.left("mine").runs

    def _round(self) -> float:
        """Look once; returns the seconds until the next look."""
        try:
            with self._turn:
                self._shipping.send("free")
        except Exception as error:  # noqa: BLE001  nothing of this may reach the training
            return self._failed(error)
        self._failures = 0
        return PAUSE

    def _failed(self, error: Exception) -> float:
        self._failures += 1
        if self._failures == 3:
            logger.warning("%s; the records wait in %s", error, self._spool.path)
        asked = error.after if isinstance(error, Away) else None
        pause = min(LONGEST, PAUSE * 2.0 ** min(self._failures, 10))
        return min(5 * LONGEST, max(pause, asked or 0.0)) * random.Random().uniform(0.8, 1.2)

    @contextmanager
    def _my_turn(self, seconds: float) -> Iterator[None]:
        if not self._turn.acquire(timeout=seconds):
            raise StoreUnavailable(f"what this process wrote is still on its way to {self._target.url}")
        try:
            yield
        finally:
            self._turn.release()


def shipper_of(spool: Spool, target: Target) -> Shipper:
    """The one that this process has for a spool."""
    with _lock:
        shipper = _shippers.get(spool.path)
        if shipper is None:
            shipper = _shippers[spool.path] = Shipper(spool, target)
        return shipper


_shippers: dict[Path, Shipper] = {}
_lock = threading.Lock()


def _at_exit(shipper: Shipper) -> None:
    atexit.register(_settle, shipper)
    multiprocessing = sys.modules.get("multiprocessing.util")
    if multiprocessing is not None:  # its children leave without atexit; runs end there before this
        multiprocessing.Finalize(None, _settle, (shipper,), exitpriority=-10)


def _settle(shipper: Shipper) -> None:
    try:
        shipper.settle()
    except Exception:  # a process ends as it would without us
        logger.warning("the records of this process wait in the spool", exc_info=True)


def _wait() -> float:
    """Seconds from AUTOLOG_SHIP_WAIT; what is no such number counts as not given."""
    try:
        seconds = float(os.environ.get(WAIT, "") or _WAIT)
    except ValueError:
        return _WAIT
    return seconds if math.isfinite(seconds) and seconds >= 0 else _WAIT


def _farewell(left: Left, url: str) -> str:
    runs = "1 run" if left.runs == 1 else f"{left.runs:,} runs"
    return f"autolog: {runs} ({left.bytes:,} bytes of log) not yet at {url}; `autolog sync` sends the rest"


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()
    for shipper in _shippers.values():
        shipper.forked()


os.register_at_fork(after_in_child=_after_fork)
