"""Appending events: the stage *record*.

One process writes one file in each run folder. A line is encoded and handed to one
``os.write`` on an ``O_APPEND`` descriptor: no lock, no queue, no thread. When the call
returns the line is the kernel's, and ``kill -9`` loses nothing. Threads share the
descriptor, since each line is one write. A forked child gets a file of its own.
"""

from __future__ import annotations

import errno
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from .events import VERSION, Event, Header, Join, Number, Start, line

_encode = msgspec.json.Encoder().encode
_write = os.write
_time_ns = time.time_ns


def now() -> int:
    """Milliseconds since the epoch."""
    return _time_ns() // 1_000_000


def new_id() -> str:
    """A run's id: 64 random bits from the system, no draw from anybody's generator."""
    return os.urandom(8).hex()


def process_birth(pid: int) -> float | None:
    """Seconds since the epoch at which process ``pid`` started, or None where unknown.

    With the pid it names a process for good: pids are used again, the pair is not.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            ticks = int(file.read().rpartition(b")")[2].split()[19])
        with open("/proc/stat", "rb") as file:
            booted = int(file.read().partition(b"\nbtime ")[2].split()[0])
    except (OSError, ValueError, IndexError):
        return None
    return booted + ticks / os.sysconf("SC_CLK_TCK")


def this_process() -> Header:
    """The header that files written by this process begin with."""
    pid = os.getpid()
    return Header(
        autolog=VERSION,
        writer=writer_name(),
        host=os.uname().nodename,
        pid=pid,
        born=process_birth(pid),
        time=now(),
    )


class _Descriptor:
    """An open file; closed when nobody holds it any more.

    Never closed explicitly: another thread may be about to write to the number, and the
    system could by then have given it to a file of the user's.
    """

    __slots__ = ("fd",)

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def __del__(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)


_CLOSED = _Descriptor(-1)


class EventLog:
    """This process's file in one run folder. Opened at the first write."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.start_over()

    def start_over(self) -> None:
        """As new. Also after a fork: the open file is the parent's."""
        self.descriptor = _CLOSED
        self._torn = False
        self._aliases = 0

    @property
    def path(self) -> Path:
        return self.folder / f"events-{writer_name()}.jsonl"

    def append(self, data: bytes) -> None:
        """Whole lines, in one write. Raises OSError when they could not be kept."""
        descriptor = self.descriptor
        if descriptor is _CLOSED:
            descriptor = self._open()
            data = b"\n" + data if self._torn else data  # leave the unfinished line behind
        written = _write(descriptor.fd, data)
        if written != len(data):
            self.tear(written, len(data))
        self._torn = False

    def tear(self, written: int, wanted: int) -> None:
        """A write stopped inside a line, on a full disk: say so, and remember."""
        self.descriptor, self._torn = _CLOSED, True
        raise OSError(errno.ENOSPC, f"{written} of {wanted} bytes written", str(self.path))

    def next_alias(self) -> int:
        """A number that no other run has in this file."""
        self._aliases += 1
        return self._aliases

    def close(self) -> None:
        """Give the file back. A later write opens it again."""
        self.descriptor = _CLOSED

    def _open(self) -> _Descriptor:
        with _lock:  # one header, also when two threads write first
            if self.descriptor is _CLOSED:
                self.folder.mkdir(parents=True, exist_ok=True)
                flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
                descriptor = _Descriptor(os.open(self.path, flags, 0o666))
                if os.fstat(descriptor.fd).st_size == 0:
                    _write(descriptor.fd, line(this_process()) + self._bindings())
                self.descriptor = descriptor
            return self.descriptor

    def _bindings(self) -> bytes:
        """For a file that was deleted and is begun anew: which runs its numbers stand for."""
        bound = [log for log in list(_run_logs) if log.log is self and log._alias]
        return b"".join(line(Join(run=log._alias, time=now(), id=log.id)) for log in bound)


class RunLog:
    """Appends the events of one run.

    The run is bound to a number in the file by its `Start` (see ``begin``) or, where it
    was begun elsewhere, by a `Join` ahead of the first line that is written about it.
    """

    def __init__(self, log: EventLog, id: str) -> None:
        self.id = id
        self.log = log
        self._alias = 0  # not yet bound
        _run_logs.add(self)

    def begin(self, event: Start | Join) -> None:
        """Write the line that binds the run: it starts, or goes on."""
        alias = self.log.next_alias()
        self.log.append(line(msgspec.structs.replace(event, run=alias)))
        self._alias = alias

    def point(self, key: str, step: int, time: int, value: Number) -> None:
        """One value of one metric. The hot path, so `EventLog.append` is written out here."""
        descriptor = self.log.descriptor  # held until the write is done
        data = _encode((self._alias or self._join(), key, step, time, value)) + b"\n"
        if descriptor is _CLOSED:
            self.log.append(data)
        elif (written := _write(descriptor.fd, data)) != len(data):
            self.log.tear(written, len(data))

    def points(self, points: Iterable[tuple[str, int, int, Number]]) -> None:
        """Many values, in one write: name, step, time and value."""
        alias = self._alias or self._join()
        data = b"".join([_encode((alias, *point)) + b"\n" for point in points])
        if data:
            self.log.append(data)

    def write(self, *events: Event) -> None:
        """Events of this run, all of them in one write; their ``run`` is filled in here."""
        alias = self._alias or self._join()
        numbered = (msgspec.structs.replace(event, run=alias) for event in events)
        self.log.append(b"".join(map(line, numbered)))

    def _join(self) -> int:
        self.begin(Join(run=0, time=now(), id=self.id))
        return self._alias


_run_logs: weakref.WeakSet[RunLog] = weakref.WeakSet()
_event_logs: weakref.WeakValueDictionary[str, EventLog] = weakref.WeakValueDictionary()
_lock = threading.RLock()  # an object's death may end a run in the middle of this
_writer = ""
_late: list[Callable[[], None]] = []


def write_before_reading(write: Callable[[], None]) -> None:
    """Have ``write`` called before anything is read here: for who gathers values for a moment."""
    _late.append(write)


def write_late() -> None:
    for write in _late:
        write()


def writer_name() -> str:
    """What this process's files are called by; another name after a fork."""
    global _writer
    if not _writer:
        _writer = f"{os.getpid()}-{os.urandom(4).hex()}"
    return _writer


def event_log(folder: Path) -> EventLog:
    """This process's one log in ``folder``: every run there shares it."""
    with _lock:
        log = _event_logs.get(str(folder))
        if log is None:
            log = _event_logs[str(folder)] = EventLog(folder)
        return log


def _after_fork() -> None:
    global _writer, _lock
    _writer, _lock = "", threading.RLock()
    for log in list(_event_logs.values()):
        log.start_over()
    for run_log in list(_run_logs):
        run_log._alias = 0


os.register_at_fork(after_in_child=_after_fork)
