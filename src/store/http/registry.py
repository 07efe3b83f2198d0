"""The registry of a store on a server; see `registry.Registry` for the promises."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import quote

from ..errors import ArtifactNotFound, InvalidName
from ..registry.base import COPIED, AliasMove, ModelVersion, RegisteredModel
from ..registry.sources import run_source
from ..wire import own
from ..wire.own import Missing, Register
from .downloads import download
from .target import listing_of, send_missing

if TYPE_CHECKING:
    from .store import HttpStore

_NONE: Mapping[str, str] = MappingProxyType({})


class HttpRegistry:
    """Asks the server, each time."""

    def __init__(self, store: HttpStore) -> None:
        self._store = store
        self._ask = store.ask

    # Models

    def create(self, name: str, *, description: str = "", tags: Mapping[str, str] = _NONE) -> RegisteredModel:
        return self._ask(own.CREATE_MODEL, own.CreateModel(name, description, dict(tags)))

    def get(self, name: str) -> RegisteredModel:
        return self._ask(own.GET_MODEL, own.ByName(name))

    def search(self, filter: str = "") -> list[RegisteredModel]:
        return self._ask(own.SEARCH_MODELS, own.SearchModels(filter))

    def update(
        self,
        name: str,
        version: int | None = None,
        *,
        description: str | None = None,
        tags: Mapping[str, str | None] = MappingProxyType({}),
    ) -> None:
        self._ask(own.UPDATE_MODEL, own.UpdateModel(name, version, description, dict(tags)))

    def rename(self, name: str, new_name: str) -> RegisteredModel:
        return self._ask(own.RENAME_MODEL, own.RenameModel(name, new_name))

    def delete(self, name: str, *, force: bool = False) -> None:
        self._ask(own.DELETE_MODEL, own.DeleteModel(name, force))

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
        local = None if isinstance(source, str) else _folder(source)
        listing = None if local is None else listing_of(local)
        address = source if isinstance(source, str) else None
        asked = Register(name, address, run_id, description, dict(tags), listing)
        found: list[ModelVersion] = []

        def ask() -> list[Missing]:
            answer = self._ask(own.REGISTER, asked)
            found.extend([answer.version] if answer.version else [])
            return answer.missing

        if local is None or listing is None:
            ask()
        else:
            send_missing(self._store.client, local, listing, ask)
        return found[0]

    def version(self, name: str, version: int) -> ModelVersion:
        return self._ask(own.GET_VERSION, own.ByVersion(name, version))

    def versions(self, name: str | None = None) -> list[ModelVersion]:
        return self._ask(own.VERSIONS, own.VersionsOf(name))

    def version_by_alias(self, name: str, alias: str) -> ModelVersion:
        return self._ask(own.BY_ALIAS, own.ByAlias(name, alias))

    def path(self, version: ModelVersion) -> Path:
        artifact = run_source(version.source)
        if artifact is not None:
            return self._store.artifacts(artifact.run_id).path(artifact.path)
        if version.source != COPIED:
            which = f"version {version.version} of model {version.name!r}"
            raise ArtifactNotFound(f"{which} is kept at {version.source}, not in this store")
        listing = self._ask(own.VERSION_FILES, own.ByVersion(version.name, version.version))
        above = f"/versions/{quote(version.name, safe='')}/{version.version}/"
        return download(self._store.client, listing, "model", above)

    def delete_version(self, name: str, version: int, *, force: bool = False) -> None:
        self._ask(own.DELETE_VERSION, own.DeleteVersion(name, version, force))

    # Aliases and stages

    def set_alias(self, name: str, alias: str, version: int) -> None:
        self._ask(own.SET_ALIAS, own.SetAlias(name, alias, version))

    def delete_alias(self, name: str, alias: str) -> None:
        self._ask(own.DELETE_ALIAS, own.ByAlias(name, alias))

    def alias_history(self, name: str, alias: str | None = None) -> Sequence[AliasMove]:
        return self._ask(own.ALIAS_HISTORY, own.AliasHistory(name, alias))

    def set_stage(
        self, name: str, version: int, stage: str, *, archive_existing: bool = False
    ) -> ModelVersion:
        return self._ask(own.SET_STAGE, own.SetStage(name, version, stage, archive_existing))

    def promote(self, name: str, version: int, alias: str, *, condition: str = "") -> ModelVersion:
        return self._ask(own.PROMOTE, own.Promote(name, version, alias, condition))


def _folder(source: os.PathLike[str]) -> Path:
    path = Path(source)
    if not path.exists():
        raise ArtifactNotFound(f"there is no folder {os.fspath(source)!r} to register")
    if not path.is_dir():
        raise InvalidName(f"{os.fspath(source)!r} is a file; a model is a folder")
    return path
