"""The events that make up a run, and the lines they are written as.

A run is the sum of its events. A file holds one JSON value a line:

    {"autolog":1,"writer":"9f…","host":"box","pid":7,"born":1732345678.5,"time":1732345678123}
    {"event":"start","run":1,"time":…,"id":"…","parent":null,"name":"LogisticRegression"}
    {"event":"params","run":1,"time":…,"params":{"C":0.1}}
    [1,"loss",0,1732345678123,0.6931471805599453]

The first line is the header: the format's version and the process that writes.
A metric point is an array ``[run, key, step, time, value]``, everything else an
object that names its ``event``. Inside one file a run goes by a small number, bound
to its id by ``start`` or ``join``; so a point costs about 50 bytes, not 80.
Times are whole milliseconds since the epoch (UTC). NaN and the infinities are the
strings "NaN", "Infinity" and "-Infinity", because strict JSON has no such numbers.

Readers skip event kinds and fields they do not know. docs/file-format.md is the
specification; change both together, and raise ``VERSION`` when an old reader would
misread a new file (a new kind or field is no such change).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

import msgspec

VERSION = 1

Scalar = str | int | float | bool | None
"""What a parameter's value is stored as."""

Number = float | int | str
"""A metric value on the wire: a number, or the name of one that JSON lacks."""

Status = Literal["RUNNING", "FINISHED", "FAILED", "KILLED", "SCHEDULED"]


class Header(msgspec.Struct, frozen=True):
    """The first line of every file: the format's version and who writes."""

    autolog: int
    writer: str
    host: str
    pid: int
    born: float | None
    time: int


class Event(msgspec.Struct, frozen=True, tag_field="event", tag=str.lower, omit_defaults=True):
    """Something that happened to a run; the class's name in lower case is its kind."""

    run: int
    time: int


class Start(Event, frozen=True):
    """A run begins; from here on ``run`` stands for ``id`` in this file.

    Several processes may start the same run (the folds of one trial): the earliest
    start is the run's. ``kind`` is "model" for what an MLflow client logs as a model of its own.
    """

    id: str
    parent: str | None = None
    name: str | None = None
    kind: str = "run"


class Join(Event, frozen=True):
    """Another process adds to a run; ``resumed`` says that the run itself goes on."""

    id: str
    resumed: bool = False


class Params(Event, frozen=True):
    params: dict[str, Scalar]


class Metrics(Event, frozen=True):
    """Several metrics at one step."""

    step: int
    metrics: dict[str, Number]


class Tags(Event, frozen=True):
    """Tags set; null removes one."""

    tags: dict[str, str | None]


class Artifact(Event, frozen=True):
    """A file or folder stands below the run's artifacts; ``path`` is relative, with ``/``."""

    path: str
    size: int


class Discard(Event, frozen=True):
    """What stood at ``path`` below the run's artifacts is gone."""

    path: str


class Input(Event, frozen=True):
    """A data set the run read. ``facts`` holds shape, columns, class balance and the like."""

    name: str
    digest: str
    context: str
    facts: dict[str, Any]


class Model(Event, frozen=True):
    """A model stands complete at ``path`` below the run's artifacts; ``id`` is its own, ``m-…``.

    ``notes`` says what its folder could not say about it. The last one at a path holds.
    """

    id: str
    path: str
    flavor: str
    notes: list[str] = []


class Name(Event, frozen=True):
    """The run is called so from now on."""

    name: str


class End(Event, frozen=True):
    """The run's status from now on; one that is RUNNING or SCHEDULED goes on."""

    status: Status
    error: str | None = None


class Rewind(Event, frozen=True):
    """What was logged for ``key`` before this, at ``step`` and later, is void.

    Written when a resumed run comes by a step that it had logged before it stopped.
    """

    key: str
    step: int


class Delete(Event, frozen=True):
    """The run is deleted (or, with false, restored). `autolog gc` frees its bytes."""

    deleted: bool = True


class Point(NamedTuple):
    """One value of one metric. Readers take the first five items and skip the rest."""

    run: int
    key: str
    step: int
    time: int
    value: Number


AnyEvent = (
    Start | Join | Params | Metrics | Tags | Artifact | Discard | Input | Model | Name | End | Rewind | Delete
)

_NAMES = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_encode = msgspec.json.Encoder().encode


def wire_number(value: float) -> Number:
    """The form of ``value`` that strict JSON can carry."""
    if math.isfinite(value):
        return value
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def read_number(value: Number) -> float:
    """The number that `wire_number` wrote."""
    return _NAMES[value] if isinstance(value, str) else float(value)


def line(event: Event | Header) -> bytes:
    """One event as a whole line."""
    return _encode(event) + b"\n"


def lines(events: Iterable[Event]) -> bytes:
    return b"".join(map(line, events))
