"""The model registry of an MLflow server; see `registry.Registry` for the promises.

What MLflow has no place for is in tags that begin with ``autolog.``: who wrote it, where a version
came from by our ids, and the moves of aliases that were made from here; it notes none itself.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import msgspec

from ..errors import AliasInUse, AliasNotFound, ModelNotFound, NameTaken, VersionNotFound
from ..log import new_id, now
from ..registry.base import AliasMove, ModelVersion, RegisteredModel
from ..registry.names import canonical_stage, check_alias, check_name, check_notes
from ..who import user_at_host
from ..wire import registry as wire
from ..wire.common import Tag
from .client import MISSING, TAKEN, MlflowClient, Refused
from .reader import MlflowReader
from .versions import BY, ID, MOVES, Sources, seen_model, seen_version

if TYPE_CHECKING:
    from ..base import Store

_NONE: Mapping[str, str] = MappingProxyType({})
_PAGE = 1_000


class MlflowRegistry:
    """Asks the server, each time. ``runs`` reads its runs."""

    def __init__(self, client: MlflowClient, runs: MlflowReader) -> None:
        self._client = client
        self._runs = runs
        self._sources = Sources(client, runs)

    # Models

    def create(self, name: str, *, description: str = "", tags: Mapping[str, str] = _NONE) -> RegisteredModel:
        check_name(name)
        check_notes(description, tags)
        asked = wire.CreateModel(name, _tags({**tags, BY: user_at_host()}), description)
        try:
            return seen_model(self._client.call(wire.CREATE_MODEL, asked).registered_model)
        except Refused as error:
            raise self._taken(name, error) from None

    def get(self, name: str) -> RegisteredModel:
        return seen_model(self._model(name))

    def search(self, filter: str = "") -> list[RegisteredModel]:
        from ..registry.filters import wanted

        found: list[wire.RegisteredModel] = []
        token = None
        while token != "":
            answer = self._client.call(
                wire.SEARCH_MODELS, wire.Search(max_results=_PAGE, page_token=token or "")
            )
            found += answer.registered_models
            token = answer.next_page_token
        return wanted(sorted(map(seen_model, found), key=lambda model: model.name), filter)

    def update(
        self,
        name: str,
        version: int | None = None,
        *,
        description: str | None = None,
        tags: Mapping[str, str | None] = MappingProxyType({}),
    ) -> None:
        check_notes(description, tags, changing=True)
        if version is None:
            self._update_model(name, description, tags)
        else:
            self._update_version(name, version, description, tags)

    def rename(self, name: str, new_name: str) -> RegisteredModel:
        self.get(name)
        check_name(new_name)
        if new_name != name:
            try:
                self._client.call(wire.RENAME_MODEL, wire.RenameModel(name, new_name))
            except Refused as error:
                raise self._taken(new_name, error) from None
        return self.get(new_name)

    def delete(self, name: str, *, force: bool = False) -> None:
        model = self.get(name)
        _check_unused(name, dict(model.aliases), force)
        self._client.call(wire.DELETE_MODEL, wire.NamedModel(name), again=True)

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
        place = self._sources.placed(source, run_id, self)
        with suppress(NameTaken):
            self.create(name)
        asked = wire.CreateVersion(
            name,
            place.address,
            place.run or "",
            _tags({**tags, **place.tags, BY: user_at_host(), ID: new_id()}),
            description=description,
            model_id=place.model,
        )
        return seen_version(self._client.call(wire.CREATE_VERSION, asked).model_version)

    def version(self, name: str, version: int) -> ModelVersion:
        self._model(name)
        try:
            asked = wire.NamedVersion(name, str(version))
            return seen_version(self._client.call(wire.GET_VERSION, asked).model_version)
        except Refused:
            raise VersionNotFound(f"model {name!r} has no version {version!r}") from None

    def versions(self, name: str | None = None) -> list[ModelVersion]:
        if name is not None:
            self._model(name)
        found: list[wire.ModelVersion] = []
        filter, token = "" if name is None else f"name={_quoted(name)}", None
        while token != "":
            asked = wire.Search(filter, _PAGE, page_token=token or "")
            answer = self._client.call(wire.SEARCH_VERSIONS, asked)
            found += answer.model_versions
            token = answer.next_page_token
        mine = [seen_version(one) for one in found if name in (None, one.name)]
        return sorted(mine, key=lambda one: (one.name, -one.version))

    def version_by_alias(self, name: str, alias: str) -> ModelVersion:
        known = self.get(name).aliases
        if alias not in known:
            raise AliasNotFound(f"model {name!r} has no alias {alias!r}; it has {', '.join(known) or 'none'}")
        return self.version(name, known[alias])

    def path(self, version: ModelVersion) -> Path:
        return self._sources.path(version, self._version(version.name, version.version))

    def delete_version(self, name: str, version: int, *, force: bool = False) -> None:
        aliases = dict.fromkeys(self.version(name, version).aliases, version)
        _check_unused(name, aliases, force)
        for alias in aliases:
            self.delete_alias(name, alias)
        self._client.call(wire.DELETE_VERSION, wire.NamedVersion(name, str(version)), again=True)

    # Aliases and stages

    def set_alias(self, name: str, alias: str, version: int) -> None:
        self._point(name, alias, version)

    def delete_alias(self, name: str, alias: str) -> None:
        self.version_by_alias(name, alias)
        self._note(name, alias, None)
        self._client.call(wire.DELETE_ALIAS, wire.NamedAlias(name, alias), again=True)

    def alias_history(self, name: str, alias: str | None = None) -> Sequence[AliasMove]:
        """The moves that were made from here: MLflow notes none."""
        return [move for move in _moves(self._model(name)) if alias in (None, move.alias)]

    def set_stage(
        self, name: str, version: int, stage: str, *, archive_existing: bool = False
    ) -> ModelVersion:
        target = canonical_stage(stage, archive_existing=archive_existing)
        self.version(name, version)
        asked = wire.TransitionStage(name, str(version), target, archive_existing)
        return seen_version(self._client.call(wire.TRANSITION_STAGE, asked, again=True).model_version)

    def promote(self, name: str, version: int, alias: str, *, condition: str = "") -> ModelVersion:
        from ..registry.promotion import reason

        check_alias(alias)
        candidate = self.version(name, version)
        if alias not in candidate.aliases:
            self._point(name, alias, version, reason(condition, candidate, self, cast("Store", self._runs)))
        return self.version(name, version)

    # Reading and writing

    def _model(self, name: str) -> wire.RegisteredModel:
        check_name(name)
        try:
            return self._client.call(wire.GET_MODEL, wire.NamedModel(name)).registered_model
        except Refused as error:
            if error.code != MISSING:
                raise
        near = get_close_matches(name, [model.name for model in self.search()], 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ModelNotFound(f"there is no model {name!r} in {self._client.url}{hint}")

    def _version(self, name: str, version: int) -> wire.ModelVersion:
        return self._client.call(wire.GET_VERSION, wire.NamedVersion(name, str(version))).model_version

    def _taken(self, name: str, error: Refused) -> Exception:
        if error.code != TAKEN:
            return error
        return NameTaken(f"there is a model {name!r} already in {self._client.url}")

    def _update_model(self, name: str, description: str | None, tags: Mapping[str, str | None]) -> None:
        known = self.get(name).tags
        if description is not None:
            self._client.call(wire.UPDATE_MODEL, wire.UpdateModel(name, description), again=True)
        for key, value in tags.items():
            if value is not None:
                self._client.call(wire.SET_MODEL_TAG, wire.SetModelTag(name, key, value), again=True)
            elif key in known:
                self._client.call(wire.DELETE_MODEL_TAG, wire.DeleteModelTag(name, key), again=True)

    def _update_version(
        self, name: str, version: int, description: str | None, tags: Mapping[str, str | None]
    ) -> None:
        known, number = self.version(name, version).tags, str(version)
        if description is not None:
            asked = wire.UpdateVersion(name, number, description)
            self._client.call(wire.UPDATE_VERSION, asked, again=True)
        for key, value in tags.items():
            if value is not None:
                setting = wire.SetVersionTag(name, number, key, value)
                self._client.call(wire.SET_VERSION_TAG, setting, again=True)
            elif key in known:
                removing = wire.DeleteVersionTag(name, number, key)
                self._client.call(wire.DELETE_VERSION_TAG, removing, again=True)

    def _point(self, name: str, alias: str, version: int, why: str = "") -> None:
        check_alias(alias)
        if alias not in self.version(name, version).aliases:
            self._note(name, alias, version, why)
            self._client.call(wire.SET_ALIAS, wire.SetAlias(name, alias, str(version)), again=True)

    def _note(self, name: str, alias: str, version: int | None, why: str = "") -> None:
        """Add a move to those that are known."""
        model = self._model(name)
        moves = _moves(model)
        time = max([now(), *(move.time + 1 for move in moves)])
        previous = seen_model(model).aliases.get(alias)
        moves.append(AliasMove(time, user_at_host(), alias, version, previous, why))
        text = msgspec.json.encode(moves[-_MOST_MOVES:]).decode()
        self._client.call(wire.SET_MODEL_TAG, wire.SetModelTag(name, MOVES, text), again=True)


_MOST_MOVES = 300
"""Of the last moves of a model's aliases, these are kept: a tag holds 100,000 characters."""


def _moves(model: wire.RegisteredModel) -> list[AliasMove]:
    text = next((tag.value for tag in model.tags if tag.key == MOVES), "[]")
    return msgspec.json.decode(text, type=list[AliasMove])


def _check_unused(name: str, aliases: Mapping[str, Any], force: bool) -> None:
    if aliases and not force:
        listed = ", ".join(f"alias {alias!r} at version {version}" for alias, version in aliases.items())
        raise AliasInUse(f"model {name!r} has {listed}; move it first, or force it (--yes, force=True)")


def _tags(tags: Mapping[str, str]) -> list[Tag]:
    return [Tag(key, value) for key, value in tags.items()]


def _quoted(name: str) -> str:
    """A text in MLflow's filters, which know no escapes."""
    return f'"{name}"' if "'" in name else f"'{name}'"
