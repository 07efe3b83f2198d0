"""The registry of a store that is a folder; see `base.Registry` for the promises."""

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
from .events import Alias, Change, Create, Register, Remove, Rename, SetStage, Update
from .history import History
from .names import canonical_stage, check_alias, check_notes, model_folder
from .reading import Reader, model_folders
from .sources import checked_address, checked_folder, run_source
from .writing import MODEL, ModelFolder, discard

if TYPE_CHECKING:
    from ..folder import FolderStore

_NONE: Mapping[str, str] = MappingProxyType({})


class FolderRegistry:
    """Models in the folder ``.autolog/registry`` of a store.

    Each method reads the few small files of a model anew, so it sees what every other
    process did, and adds what it has to say in one write.
    """

    def __init__(self, store: FolderStore, root: Path) -> None:
        self._store = store
        self._root = root
        self._reader = Reader()
        self._folders: dict[str, ModelFolder] = {}

    # Models

    def create(self, name: str, *, description: str = "", tags: Mapping[str, str] = _NONE) -> RegisteredModel:
        check_notes(description, tags)
        change = Create(name=name, description=description, tags=dict(tags))
        history = self._load(name)
        if history is not None and not history.exists:
            self._folder(name).append(history, [change])
        elif history is not None or not self._folder(name).create(change):
            raise NameTaken(f"there is a model {name!r} already in {self._store.uri}")
        return self.get(name)

    def get(self, name: str) -> RegisteredModel:
        return self._history(name).model()

    def search(self, filter: str = "") -> list[RegisteredModel]:
        from .filters import wanted

        histories = map(self._reader.load, model_folders(self._root))
        models = [history.model() for history in histories if history is not None and history.exists]
        return sorted(wanted(models, filter), key=lambda model: model.name)

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
        self._append(history, Update(version=id, description=description, tags=dict(tags)))

    def rename(self, name: str, new_name: str) -> RegisteredModel:
        history, target = self._history(name), self._root / model_folder(new_name)
        taken = self._load(new_name)
        if new_name == name:
            return history.model()
        if taken is not None and taken.begun and not taken.exists:
            discard(target, self._root)
        self._append(history, Rename(name=new_name))
        if not self._folder(name).rename(target):
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
        check_notes(description, tags)
        folder = self._root / model_folder(name)
        address, files, run = COPIED, None, None
        if isinstance(source, str):
            address, run = checked_address(source, self._store)
        else:
            files = checked_folder(source, folder)
        change = Register(source=address, run_id=run or run_id, description=description, tags=dict(tags))
        id = self._folder(name).register(self._begun(name), change, files)
        return next(version for version in self.versions(name) if version.id == id)

    def version(self, name: str, version: int) -> ModelVersion:
        return self._history(name).version(version)

    def versions(self, name: str) -> list[ModelVersion]:
        return self._history(name).versions()

    def version_by_alias(self, name: str, alias: str) -> ModelVersion:
        return self._history(name).by_alias(alias)

    def path(self, version: ModelVersion) -> Path:
        which = f"version {version.version} of model {version.name!r}"
        if version.source == COPIED:
            folder = self._root / model_folder(version.name) / str(version.version) / version.id / MODEL
            if not folder.is_dir():
                raise ArtifactNotFound(f"the copied files of {which} are missing")
            return folder
        artifact = run_source(version.source)
        if artifact is None:
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
        self._append(history, Alias(alias=alias))

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
        self._append(history, *archived, SetStage(version=chosen.id, stage=target))
        return self.version(name, version)

    def promote(self, name: str, version: int, alias: str, *, condition: str = "") -> ModelVersion:
        from .promotion import reason

        check_alias(alias)
        candidate = self.version(name, version)
        if alias not in candidate.aliases:
            self._point(name, alias, version, reason(condition, candidate, self, self._store))
        return self.version(name, version)

    # Reading and writing

    def _point(self, name: str, alias: str, version: int, why: str = "") -> None:
        check_alias(alias)
        history = self._history(name)
        chosen = history.version(version)
        if alias not in chosen.aliases:
            self._append(history, Alias(alias=alias, version=chosen.id, number=version, why=why))

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
        self._append(history, *(Alias(alias=alias) for alias, _ in aliases), removed)
        for version in versions:
            self._folder(history.name).free(version.version, version.id)

    def _append(self, history: History, *changes: Change) -> None:
        self._folder(history.name).append(history, changes)

    def _folder(self, name: str) -> ModelFolder:
        return self._folders.setdefault(name, ModelFolder(self._root / model_folder(name)))

    def _begun(self, name: str) -> History:
        """The model, which is created if it has to be."""
        history = self._load(name)
        if history is not None and history.exists:
            return history
        with suppress(NameTaken):
            self.create(name)
        return self._history(name)

    def _load(self, name: str) -> History | None:
        return self._reader.load(self._root / model_folder(name))

    def _history(self, name: str) -> History:
        history = self._load(name)
        if history is None or not history.exists:
            raise ModelNotFound(f"there is no model {name!r} in {self._store.uri}{self._near(name)}")
        return history

    def _near(self, name: str) -> str:
        matches = get_close_matches(name, [model.name for model in self.search()], 1)
        return f"; did you mean {matches[0]!r}?" if matches else ""
