"""Registered models and versions of MLflow's as ours, and where the files of a version are."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from ..errors import ArtifactNotFound, RunNotFound
from ..log import new_id, now
from ..registry.base import COPIED, ModelVersion, RegisteredModel, Registry, Stage
from ..registry.sources import checked_address, checked_folder, named_version, run_source
from ..who import user_name
from ..wire import registry as wire
from ..wire import tracking
from ..wire.common import Tag
from .artifacts import fetched
from .client import MlflowClient
from .files import Root, inside
from .keys import KIND, RUN_ID
from .reader import MlflowReader

if TYPE_CHECKING:
    from ..base import Store

BY = "autolog.by"
ID = "autolog.version_id"
MOVES = "autolog.moves"
_SOURCE = "autolog.source"
_RUN = RUN_ID


class Place(NamedTuple):
    """Where a version is: the address for MLflow, and the tags that say it by our ids.

    ``run`` and ``model`` are what it is of there.
    """

    address: str
    run: str | None
    tags: Mapping[str, str]
    model: str = ""


class Sources:
    """Finds places for versions, and the files at a place."""

    def __init__(self, client: MlflowClient, runs: MlflowReader) -> None:
        self._client = client
        self._runs = runs

    def placed(self, source: str | os.PathLike[str], run_id: str | None, registry: Registry) -> Place:
        """Raises what `Registry.register` does for a source that is none."""
        if not isinstance(source, str):
            return self._copied(checked_folder(source, None), run_id)
        other = named_version(source, registry)
        if other is not None and other.source == COPIED:
            asked = wire.NamedVersion(other.name, str(other.version))
            there = self._client.call(wire.GET_VERSION, asked).model_version
            return Place(there.source, there.run_id, _marks(COPIED, other.run_id))
        if other is None:
            address, run = checked_address(source, cast("Store", self._runs))
        else:
            address, run = other.source, other.run_id
        return self._address(address, run or run_id)

    def path(self, version: ModelVersion, there: wire.ModelVersion) -> Path:
        """A local folder with the files. Raises ArtifactNotFound, RunNotFound."""
        if version.source == COPIED:
            return fetched(self._client, there.source)
        artifact = run_source(version.source)
        if artifact is not None:
            return self._runs.artifacts(artifact.run_id).path(artifact.path)
        if version.source.startswith("mlflow-artifacts:"):
            return fetched(self._client, there.source)
        which = f"version {version.version} of model {version.name!r}"
        raise ArtifactNotFound(f"{which} is kept at {version.source}, not in this store")

    def _address(self, address: str, run: str | None) -> Place:
        artifact = run_source(address)
        if artifact is None:
            return Place(address, None, _marks(address, run))
        try:
            return Place(*self._runs.place(*artifact), _marks(address, run))
        except RunNotFound:  # a model that MLflow's client logged: no run of its own there
            id = artifact.run_id
            return Place(f"models:/{id}", None, _marks(address, run), id)

    def _copied(self, folder: Path, run: str | None) -> Place:
        """MLflow takes only what is of a run, so the files get one, which searches leave out."""
        asked = tracking.CreateRun(
            "0", user_name(), folder.name, now(), [Tag(KIND, "files"), Tag(RUN_ID, new_id())]
        )
        made = self._client.call(tracking.CREATE_RUN, asked).run.info
        root = Root(self._client, made.artifact_uri)
        for name in inside(folder):
            root.put(f"model/{name}", folder / name)
        end = tracking.UpdateRun(made.run_id, status="FINISHED", end_time=now())
        self._client.call(tracking.UPDATE_RUN, end, again=True)
        return Place(f"{made.artifact_uri.rstrip('/')}/model", made.run_id, _marks(COPIED, run))


def _marks(source: str, run: str | None) -> dict[str, str]:
    return {_SOURCE: source} | ({_RUN: run} if run else {})


def seen_model(model: wire.RegisteredModel) -> RegisteredModel:
    tags = {tag.key: tag.value for tag in model.tags}
    numbers = [int(version.version) for version in model.latest_versions]
    return RegisteredModel(
        model.name,
        model.creation_timestamp,
        model.last_updated_timestamp,
        tags.get(BY, ""),
        model.description,
        _shown(model.tags),
        {alias.alias: int(alias.version) for alias in sorted(model.aliases, key=lambda alias: alias.alias)},
        max(numbers, default=None),
    )


def seen_version(one: wire.ModelVersion) -> ModelVersion:
    tags = {tag.key: tag.value for tag in one.tags}
    return ModelVersion(
        one.name,
        int(one.version),
        tags.get(ID, f"{one.name}/{one.version}"),
        tags.get(_SOURCE, one.source),
        tags.get(_RUN) or (None if _SOURCE in tags else one.run_id) or None,
        one.creation_timestamp,
        one.last_updated_timestamp,
        tags.get(BY, ""),
        one.description or "",
        _shown(one.tags),
        tuple(sorted(one.aliases)),
        cast(Stage, one.current_stage),
    )


def _shown(tags: list[Tag]) -> dict[str, str]:
    return {tag.key: tag.value for tag in tags if tag.key not in (BY, ID, MOVES, _SOURCE, _RUN)}
