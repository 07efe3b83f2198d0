"""What a stretch of the log says, summed up in memory before it goes into the tables.

Nothing here looks at the tables: a batch says the same whatever is indexed already.
Where two events contradict each other, the later one holds, by their times: the files
of a run can be read in any order.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from ..decoding import Columns
from ..events import (
    AnyEvent,
    Artifact,
    Delete,
    Discard,
    End,
    Input,
    Join,
    Model,
    Name,
    Params,
    Rewind,
    Scalar,
    Start,
    Tags,
)
from .chunks import Series

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Place(NamedTuple):
    """Where a run was met: its folder, and the file (by its number in the index)."""

    folder: str
    file: int


class Begun(NamedTuple):
    time: int
    parent: str | None
    name: str | None
    kind: str
    file: int


class Standing(NamedTuple):
    """The status of a run from a time on."""

    time: int
    status: str
    error: str | None
    file: int


@dataclass
class RunChange:
    """What is new about one run, but for its params, metrics and so on.

    ``met`` is the earliest time of anything: of a run whose start is not known (yet), that
    is all there is.
    """

    place: Place
    met: int
    begun: Begun | None = None
    standing: Standing | None = None
    named: tuple[int, str] | None = None
    deleted: tuple[int, bool] | None = None


class Void(NamedTuple):
    """A `Rewind`, with the file it is in."""

    file: int
    step: int
    time: int


@dataclass
class Batch:
    """Everything new, by the run's id.

    ``bindings`` says which run a number in a file stands for (None: a copy of a run that
    another folder holds); ``bound`` are those that are new. The size of an artifact that is
    gone is None.
    """

    runs: dict[str, RunChange] = field(default_factory=dict)
    bindings: dict[tuple[int, int], str | None] = field(default_factory=dict)
    bound: set[tuple[int, int]] = field(default_factory=set)
    params: dict[tuple[str, str], tuple[int, Scalar]] = field(default_factory=dict)
    tags: dict[tuple[str, str], tuple[int, str | None]] = field(default_factory=dict)
    inputs: dict[tuple[str, str, str, str], Input] = field(default_factory=dict)
    artifacts: dict[tuple[str, str], int | None] = field(default_factory=dict)
    models: dict[tuple[str, str], tuple[int, Model]] = field(default_factory=dict)
    series: dict[tuple[str, str], dict[int, Series]] = field(default_factory=dict)
    voids: dict[tuple[str, str], list[Void]] = field(default_factory=dict)
    size: int = 0

    def add(self, items: Iterable[Columns | AnyEvent], place: Place) -> int:
        """Take in what a block of a file says; returns how many items name no run."""
        return sum(not self._take(item, place) for item in items)

    def _take(self, item: Columns | AnyEvent, place: Place) -> bool:
        if isinstance(item, Start | Join):
            self._bind(item, place)
        if (place.file, item.run) not in self.bindings:
            return False
        run = self.bindings[place.file, item.run]
        if run is None:
            return True
        time = item.times[0] if isinstance(item, Columns) else item.time
        change = self.runs.setdefault(run, RunChange(place, time))
        change.met = min(change.met, time)
        if isinstance(item, Columns):
            self.size += len(item.steps)
            self._points(run, item, place.file)
        else:
            self.size += 1
            self._event(run, item, place.file, change)
        return True

    def _bind(self, event: Start | Join, place: Place) -> None:
        """From here on the number stands for the run, unless another folder holds it."""
        change = self.runs.setdefault(event.id, RunChange(place, event.time))
        here = change.place.folder == place.folder
        self.bindings[place.file, event.run] = event.id if here else None
        self.bound.add((place.file, event.run))

    def _points(self, run: str, points: Columns, file: int) -> None:
        files = self.series.setdefault((run, points.key), {})
        series = files.get(file)
        if series is None:
            series = files[file] = Series()
        series.extend(points.steps, points.times, points.values)

    def _event(self, run: str, event: AnyEvent, file: int, change: RunChange) -> None:
        match event:
            case Start() | Join() | End() | Name() | Delete():
                _live(change, event, file)
            case Params():
                for key, value in event.params.items():
                    _keep_later(self.params, (run, key), event.time, value)
            case Tags():
                for key, text in event.tags.items():
                    _keep_later(self.tags, (run, key), event.time, text)
            case Input():
                self.inputs[run, event.name, event.digest, event.context] = event
            case Artifact():
                self.artifacts[run, event.path] = event.size
            case Discard():
                self._discard(run, event.path)
            case Model():
                _keep_later(self.models, (run, event.path), event.time, event)
            case Rewind():
                self._rewind(run, event, file)

    def _discard(self, run: str, path: str) -> None:
        """The file is gone or, of a folder, all that is below it."""
        for of, known in list(self.artifacts):
            if of == run and known.startswith(f"{path}/"):
                del self.artifacts[of, known]
        self.artifacts[run, path] = None

    def _rewind(self, run: str, event: Rewind, file: int) -> None:
        """Points of this file are dropped at once; those of others by their time, later."""
        self.voids.setdefault((run, event.key), []).append(Void(file, event.step, event.time))
        files = self.series.get((run, event.key), {})
        if file in files:
            files[file] = files[file].before(event.step)


def _live(change: RunChange, event: AnyEvent, file: int) -> None:
    match event:
        case Start():
            if change.begun is None or event.time < change.begun.time:
                change.begun = Begun(event.time, event.parent, event.name, event.kind, file)
        case End():
            _stand(change, Standing(event.time, event.status, event.error, file))
        case Join(resumed=True):
            _stand(change, Standing(event.time, "RUNNING", None, file))
        case Name():
            if change.named is None or event.time >= change.named[0]:
                change.named = (event.time, event.name)
        case Delete():
            if change.deleted is None or event.time >= change.deleted[0]:
                change.deleted = (event.time, event.deleted)


def _stand(change: RunChange, new: Standing) -> None:
    if change.standing is None or new.time >= change.standing.time:
        change.standing = new


def _keep_later(table: dict[_Key, tuple[int, _Value]], key: _Key, time: int, value: _Value) -> None:
    known = table.get(key)
    if known is None or time >= known[0]:
        table[key] = (time, value)
