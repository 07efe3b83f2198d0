"""Log files written by hand, as if by processes that are gone."""

from __future__ import annotations

import os
from pathlib import Path

from autolog.store.events import VERSION, Event, Header, lines
from autolog.store.events import line as one_line
from autolog.store.log import this_process

HERE = os.uname().nodename


def gone(writer: str = "gone", *, host: str = HERE) -> Header:
    """A process that no longer runs: the pid is this one's, the birth is not."""
    return Header(autolog=VERSION, writer=writer, host=host, pid=os.getpid(), born=1.0, time=0)


def alive() -> Header:
    return this_process()


def write(folder: Path, header: Header, *events: Event, more: bytes = b"") -> Path:
    """A log file of this process with these events, then ``more`` as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"events-{header.writer}.jsonl"
    file.write_bytes(one_line(header) + lines(events) + more)
    return file
