"""A model as the sum of its events.

Events come from the files of many writers, sorted by time; what comes later holds. Whether
a version is there does not depend on clocks: it is unless an event says by its id that it
was deleted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..errors import AliasNotFound, VersionNotFound
from .base import AliasMove, ModelVersion, RegisteredModel, Stage
from .events import Alias, AnyChange, Create, Register, Remove, SetStage, Update


@dataclass(frozen=True)
class Registration:
    """A version as its folder has it."""

    number: int
    id: str
    event: Register


@dataclass
class _Notes:
    """What can be written on a model or a version, again and again."""

    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    stage: Stage = "None"
    updated: int = 0

    def write(self, description: str | None, tags: Mapping[str, str | None], time: int) -> None:
        if description is not None:
            self.description = description
        for key, value in tags.items():
            self.tags.pop(key, None)
            if value is not None:
                self.tags[key] = value
        self.updated = max(self.updated, time)


class History:
    """One model: what there is of it now, and how it came about.

    ``latest`` is the time of the last event, ``highest`` the highest number ever given;
    ``begun`` says that it was created, and maybe deleted since. ``removed`` are the ids of
    deleted versions.
    """

    def __init__(self, name: str, events: Iterable[AnyChange], registered: Iterable[Registration]) -> None:
        self.name = name
        self.moves: list[AliasMove] = []
        self.begun = False
        self._created: Create | None = None
        self._notes = _Notes()
        self._aliases: dict[str, str] = {}
        self.removed: set[str] = set()
        self._registered = {one.id: one for one in sorted(registered, key=lambda one: one.number)}
        self._written = {one.id: _of(one.event) for one in self._registered.values()}
        self.highest = max((one.number for one in self._registered.values()), default=0)
        self.latest = max((notes.updated for notes in self._written.values()), default=0)
        for event in events:
            self._apply(event)
            self.latest = max(self.latest, event.time)
        there = self._registered.keys() - self.removed  # of a copy that is not whole some may be missing
        self._pointing = {alias: id for alias, id in sorted(self._aliases.items()) if id in there}

    @property
    def exists(self) -> bool:
        return self._created is not None

    def model(self) -> RegisteredModel:
        assert self._created is not None
        versions = self.versions()
        return RegisteredModel(
            self.name,
            self._created.time,
            max([self._notes.updated, *(version.updated for version in versions)]),
            self._created.by,
            self._notes.description,
            dict(self._notes.tags),
            {alias: self._registered[id].number for alias, id in self._pointing.items()},
            versions[0].version if versions else None,
        )

    def versions(self) -> list[ModelVersion]:
        """The newest first; of two with the same number, the one registered first comes first."""
        found = [self._version(one) for id, one in self._registered.items() if id not in self.removed]
        return sorted(found, key=lambda version: (-version.version, version.created, version.id))

    def version(self, number: int) -> ModelVersion:
        found = [version for version in self.versions() if version.version == number]
        if not found:
            raise VersionNotFound(f"model {self.name!r} has no version {number!r}{self._there_are()}")
        return found[0]

    def by_alias(self, alias: str) -> ModelVersion:
        id = self._pointing.get(alias)
        if id is None:
            known = ", ".join(self._pointing) or "none"
            raise AliasNotFound(f"model {self.name!r} has no alias {alias!r}; it has {known}")
        return self._version(self._registered[id])

    def _there_are(self) -> str:
        numbers = [version.version for version in self.versions()]
        if len(numbers) > 1:
            return f"; it has {len(numbers)}, from {numbers[-1]} to {numbers[0]}"
        return f"; it has {numbers[0]}" if numbers else "; it has none yet"

    def _version(self, one: Registration) -> ModelVersion:
        notes = self._written[one.id]
        return ModelVersion(
            self.name,
            one.number,
            one.id,
            one.event.source,
            one.event.run_id,
            one.event.time,
            notes.updated,
            one.event.by,
            notes.description,
            dict(notes.tags),
            tuple(alias for alias, id in self._pointing.items() if id == one.id),
            notes.stage,
        )

    def _apply(self, event: AnyChange) -> None:
        match event:
            case Create():
                self._create(event)
            case Update():
                self._notes_of(event.version).write(event.description, event.tags, event.time)
            case SetStage():
                notes = self._notes_of(event.version)
                notes.stage, notes.updated = event.stage, event.time
            case Alias():
                self._move(event)
            case Remove():
                self._remove(event)

    def _create(self, event: Create) -> None:
        """Of two that created it before their stores were merged, the first one counts."""
        self.begun = True
        if self._created is None:
            self._created, self._notes = event, _of(event)
        else:
            self._notes.write(event.description or None, event.tags, event.time)

    def _notes_of(self, version: str | None) -> _Notes:
        return self._notes if version is None else self._written.get(version, _Notes())

    def _move(self, event: Alias) -> None:
        before = self._aliases.pop(event.alias, None)
        if event.version is not None:
            self._aliases[event.alias] = event.version
        self._notes.updated = max(self._notes.updated, event.time)
        number = self._number(event.version) or event.number
        self.moves.append(
            AliasMove(event.time, event.by, event.alias, number, self._number(before), event.why)
        )

    def _number(self, version: str | None) -> int | None:
        one = self._registered.get(version or "")
        return one.number if one else None

    def _remove(self, event: Remove) -> None:
        self.removed.update(event.versions)
        self._notes.updated = max(self._notes.updated, event.time)
        if event.model:
            self._created, self._notes, self._aliases = None, _Notes(), {}


def _of(event: Create | Register) -> _Notes:
    return _Notes(event.description, dict(event.tags), updated=event.time)
