"""The registry of any store that keeps events; see `base.Registry` for the promises."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from ..errors import AliasInUse, ArtifactNotFound, ModelNotFound, NameTaken
from .base import COPIED, AliasMove, ModelVersion, RegisteredModel
from .events import Alias, Create, Register, Remove, SetStage, Update
from .history import History
from .names import canonical_stage, check_alias, check_name, check_notes
from .shelf import Shelf
from .sources import checked_address, checked_folder, named_version, run_source

if TYPE_CHECKING:
    from ..base import Store

_NONE: Mapping[str, str] = MappingProxyType({})


class EventRegistry:
    """Models as the sums of their events, which are kept on a `Shelf`.

    Each method reads anew what it needs, so it sees what every other process did, and adds
    what it has to say as one change.
    """

    def __init__(self, store: Store, shelf: Shelf) -> None:
        self._store = store
        self._shelf = shelf

    # Models

    def create(self, name: str, *, description: str = "", tags: Mapping[str, str] = _NONE) -> RegisteredModel:
        check_name(name)
        check_notes(description, tags)
        if not self._shelf.create(Create(name=name, description=description, tags=dict(tags))):
            raise NameTaken(f"there is a model {name!r} already in {self._store.uri}")
        return self.get(name)

    def get(self, name: str) -> RegisteredModel:
        return self._history(name).model()

    def search(self, filter: str = "") -> list[RegisteredModel]:
        from .filters import wanted

        return wanted([history.model() for history in self._histories()], filter)

    def update(
        self,
        name: str,
        version: int | None = None,
        *,
        description: str | None = None,
        tags: Mapping[str, str | None] = MappingProxyType({}),
    ) -> None:
        check_notes(description, tags, changing=True)
        history = self._history(name)
        id = None if version is None else history.version(version).id
        self._shelf.append(history, [Update(version=id, description=description, tags=dict(tags))])

    def rename(self, name: str, new_name: str) -> RegisteredModel:
        history = self._history(name)
        check_name(new_name)
        if new_name != name and not self._shelf.rename(history, new_name):
            raise NameTaken(f"there is a model {new_name!r} already in {self._store.uri}")
        return self.get(new_name)

    def delete(self, name: str, *, force: bool = False) -> None:
        history = self._history(name)
        self._delete(history, history.versions(), force, whole=True)

    # Versions

    def register(
        self,
        name: str,
        source: str | os.PathLike[str],
        *,
        run_id: str | None = None,
        description: str = "",
        tags: Mapping[str, str] = _NONE,
    ) -> ModelVersion:
        check_name(name)
        check_notes(description, tags)
        address, files, run = self._checked(name, source)
        change = Register(source=address, run_id=run or run_id, description=description, tags=dict(tags))
        id = self._shelf.register(self._begun(name), change, files)
        return next(version for version in self.versions(name) if version.id == id)

    def version(self, name: str, version: int) -> ModelVersion:
        return self._history(name).version(version)

    def versions(self, name: str | None = None) -> list[ModelVersion]:
        histories = self._histories() if name is None else [self._history(name)]
        return [version for history in histories for version in history.versions()]

    def version_by_alias(self, name: str, alias: str) -> ModelVersion:
        return self._history(name).by_alias(alias)

    def path(self, version: ModelVersion) -> Path:
        if version.source == COPIED:
            return self._shelf.files(version)
        artifact = run_source(version.source)
        if artifact is None:
            which = f"version {version.version} of model {version.name!r}"
            raise ArtifactNotFound(f"{which} is kept at {version.source}, not in this store")
        return self._store.artifacts(artifact.run_id).path(artifact.path)

    def delete_version(self, name: str, version: int, *, force: bool = False) -> None:
        history = self._history(name)
        self._delete(history, [history.version(version)], force)

    # Aliases and stages

    def set_alias(self, name: str, alias: str, version: int) -> None:
        self._point(name, alias, version)

    def delete_alias(self, name: str, alias: str) -> None:
        history = self._history(name)
        history.by_alias(alias)
        self._shelf.append(history, [Alias(alias=alias)])

    def alias_history(self, name: str, alias: str | None = None) -> Sequence[AliasMove]:
        return [move for move in self._history(name).moves if alias in (None, move.alias)]

    def set_stage(
        self, name: str, version: int, stage: str, *, archive_existing: bool = False
    ) -> ModelVersion:
        target = canonical_stage(stage, archive_existing=archive_existing)
        history = self._history(name)
        chosen = history.version(version)
        replaced = [other for other in history.versions() if archive_existing and other.stage == target]
        archived = [
            SetStage(version=other.id, stage="Archived") for other in replaced if other.id != chosen.id
        ]
        self._shelf.append(history, [*archived, SetStage(version=chosen.id, stage=target)])
        return self.version(name, version)

    def promote(self, name: str, version: int, alias: str, *, condition: str = "") -> ModelVersion:
        from .promotion import reason

        check_alias(alias)
        candidate = self.version(name, version)
        if alias not in candidate.aliases:
            self._point(name, alias, version, reason(condition, candidate, self, self._store))
        return self.version(name, version)

    # Reading and writing

    def _checked(self, name: str, source: str | os.PathLike[str]) -> tuple[str, Path | None, str | None]:
        """The source of a new version: its address, the files to copy, and the run that it names."""
        if not isinstance(source, str):
            return COPIED, checked_folder(source, self._shelf.place(name)), None
        other = named_version(source, self)
        if other is None:
            address, run = checked_address(source, self._store)
            return address, None, run
        return other.source, self.path(other) if other.source == COPIED else None, other.run_id

    def _point(self, name: str, alias: str, version: int, why: str = "") -> None:
        check_alias(alias)
        history = self._history(name)
        chosen = history.version(version)
        if alias not in chosen.aliases:
            self._shelf.append(history, [Alias(alias=alias, version=chosen.id, number=version, why=why)])

    def _delete(
        self, history: History, versions: Sequence[ModelVersion], force: bool, *, whole: bool = False
    ) -> None:
        aliases = [(alias, version) for version in versions for alias in version.aliases]
        if aliases and not force:
            listed = ", ".join(f"alias {alias!r} at version {version.version}" for alias, version in aliases)
            raise AliasInUse(
                f"model {history.name!r} has {listed}; move it first, or force it (--yes, force=True)"
            )
        removed = Remove(versions=[version.id for version in versions], model=whole)
        self._shelf.append(history, [*(Alias(alias=alias) for alias, _ in aliases), removed])
        for version in versions:
            self._shelf.free(version)

    def _begun(self, name: str) -> History:
        """The model, which is created if it has to be."""
        history = self._shelf.load(name)
        if history is not None and history.exists:
            return history
        with suppress(NameTaken):
            self.create(name)
        return self._history(name)

    def _histories(self) -> list[History]:
        """Those of all models that are there, by name."""
        there = (history for history in self._shelf.all() if history.exists)
        return sorted(there, key=lambda history: history.name)

    def _history(self, name: str) -> History:
        check_name(name)
        history = self._shelf.load(name)
        if history is None or not history.exists:
            raise ModelNotFound(f"there is no model {name!r} in {self._store.uri}{self._near(name)}")
        return history

    def _near(self, name: str) -> str:
        matches = get_close_matches(name, [model.name for model in self.search()], 1)
        return f"; did you mean {matches[0]!r}?" if matches else ""
