"""What lines of a log say about each run, in the form that MLflow takes it in."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import compress

from ..decoding import Columns, decode_block
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


@dataclass
class Changes:
    """What is new of one run; of what contradicts itself, the last.

    ``number`` is what it goes by in the lines.
    """

    number: int = 0
    start: Start | None = None
    points: list[Columns] = field(default_factory=list)
    params: dict[str, Scalar] = field(default_factory=dict)
    tags: dict[str, str | None] = field(default_factory=dict)
    inputs: list[Input] = field(default_factory=list)
    files: dict[str, Artifact | Discard] = field(default_factory=dict)
    models: dict[str, Model] = field(default_factory=dict)
    rewinds: list[Rewind] = field(default_factory=list)
    standing: End | Join | None = None
    name: Name | None = None
    deleted: bool | None = None

    def take(self, item: Columns | AnyEvent) -> None:
        match item:
            case Columns():
                self.points.append(item)
            case Start():
                self.start = self.start or item
            case Params():
                self.params.update(item.params)
            case Tags():
                self.tags.update(item.tags)
            case Input():
                self.inputs.append(item)
            case Artifact() | Discard():
                self._file(item)
            case Model():
                self.models[item.path] = item
            case Rewind():
                self._rewind(item)
            case _:
                self._live(item)

    def _live(self, item: AnyEvent) -> None:
        match item:
            case End() | Join(resumed=True):
                if self.standing is None or item.time >= self.standing.time:
                    self.standing = item
            case Name():
                if self.name is None or item.time >= self.name.time:
                    self.name = item
            case Delete():
                self.deleted = item.deleted

    def _file(self, item: Artifact | Discard) -> None:
        """What came before it at the same path is not there any more; the order stays."""
        self.files.pop(item.path, None)
        self.files[item.path] = item

    def _rewind(self, item: Rewind) -> None:
        """What is not sent yet need not be undone."""
        self.points = [
            _before(points, item.step) if points.key == item.key else points for points in self.points
        ]
        self.rewinds.append(item)


def read(lines: bytes, ids: dict[int, str]) -> Iterator[tuple[str, Columns | AnyEvent]]:
    """What whole lines say, with the run that each is about.

    ``ids`` says which run a number stands for, and learns what the lines say of that.
    """
    items, _ = decode_block(lines if lines.endswith(b"\n") else lines + b"\n")
    for item in items:
        if isinstance(item, Start | Join):
            ids[item.run] = item.id
        if item.run in ids:
            yield ids[item.run], item


def by_run(lines: bytes, ids: dict[int, str]) -> dict[str, Changes]:
    """The same, summed up for each run, in the order that they come up."""
    found: dict[str, Changes] = {}
    for id, item in read(lines, ids):
        found.setdefault(id, Changes(item.run)).take(item)
    return found


def _before(points: Columns, step: int) -> Columns:
    kept = [each < step for each in points.steps]
    steps, times = array("q", compress(points.steps, kept)), array("q", compress(points.times, kept))
    return Columns(points.run, points.key, steps, times, array("d", compress(points.values, kept)))
