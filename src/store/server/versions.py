"""Versions of registered models, as MLflow's clients ask for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..base import Store
from ..registry import ModelVersion
from ..wire import registry as wire
from ..wire.common import Nothing
from ..wire.endpoint import Endpoint
from .addresses import download_uri, shown_source
from .clauses import Clause, Fields
from .model_sources import understood
from .models import note_version
from .ordering import orders, sort
from .paging import page, page_size
from .registry_words import (
    RUN_LINK,
    number,
    origins,
    registry_errors,
    seen_version,
    seen_versions,
    tag_value,
    wanted,
)
from .texts import given

_FIELDS = Fields(texts=["name", "run_id", "source_path"], numbers=["version_number"])
_ORDERS = {
    "name": "name",
    "version_number": "version",
    "creation_timestamp": "created",
    "last_updated_timestamp": "updated",
}
_NATURAL = [("updated", True), ("name", False), ("version", True)]
_MOST = 200_000


def create_version(store: Store, asked: wire.CreateVersion) -> wire.Version:
    with registry_errors(asked.name):
        store.registry.get(asked.name)
        source = understood(store, asked.source, asked.run_id, asked.model_id)
        tags = given(asked.tags)
        if asked.run_link:
            tags[RUN_LINK] = asked.run_link
        version = store.registry.register(
            asked.name, source, run_id=asked.run_id or None, description=asked.description, tags=tags
        )
    if asked.model_id:
        note_version(store, asked.model_id, version)
    return wire.Version(seen_version(store, version))


def get_version(store: Store, asked: wire.NamedVersion) -> wire.Version:
    return _version(store, asked.name, asked.version)


def update_version(store: Store, asked: wire.UpdateVersion) -> wire.Version:
    with registry_errors(asked.name, asked.version):
        store.registry.update(asked.name, number(asked.version), description=asked.description)
    return _version(store, asked.name, asked.version)


def transition_stage(store: Store, asked: wire.TransitionStage) -> wire.Version:
    with registry_errors(asked.name, asked.version):
        version = store.registry.set_stage(
            asked.name,
            number(asked.version),
            asked.stage,
            archive_existing=asked.archive_existing_versions,
        )
    return wire.Version(seen_version(store, version))


def delete_version(store: Store, asked: wire.NamedVersion) -> Nothing:
    """With its aliases: MLflow's clients know no question about these."""
    with registry_errors(asked.name, asked.version):
        store.registry.delete_version(asked.name, number(asked.version), force=True)
    return Nothing()


def search_versions(store: Store, asked: wire.Search) -> wire.Versions:
    conditions = wanted(asked.filter, _FIELDS)
    keys = orders(asked.order_by, _ORDERS)
    size = page_size(asked.max_results, _MOST, _MOST)
    found = _matching(store, _candidates(store, conditions), conditions)
    some, token = page(sort(found, [*keys, *_NATURAL]), size, asked.page_token)
    return wire.Versions(seen_versions(store, some), token)


def get_download_uri(store: Store, asked: wire.NamedVersion) -> wire.DownloadUri:
    with registry_errors(asked.name, asked.version):
        version = store.registry.version(asked.name, number(asked.version))
    return wire.DownloadUri(download_uri(store, version))


def set_version_tag(store: Store, asked: wire.SetVersionTag) -> Nothing:
    with registry_errors(asked.name, asked.version):
        store.registry.update(asked.name, number(asked.version), tags={asked.key: asked.value})
    return Nothing()


def delete_version_tag(store: Store, asked: wire.DeleteVersionTag) -> Nothing:
    with registry_errors(asked.name, asked.version):
        store.registry.update(asked.name, number(asked.version), tags={asked.key: None})
    return Nothing()


def _version(store: Store, name: str, version: str) -> wire.Version:
    with registry_errors(name, version):
        return wire.Version(seen_version(store, store.registry.version(name, number(version))))


def _candidates(store: Store, conditions: list[Clause]) -> list[ModelVersion]:
    """The versions of the models whose names are wanted: most searches are for one name."""
    names = [clause for clause in conditions if (clause.kind, clause.key) == ("attributes", "name")]
    if not names:
        return store.registry.versions()
    models = [model.name for model in store.registry.search() if all(one.holds(model.name) for one in names)]
    return [version for name in models for version in store.registry.versions(name)]


def _matching(store: Store, versions: list[ModelVersion], conditions: list[Clause]) -> list[ModelVersion]:
    asked = any((clause.kind, clause.key) == ("attributes", "run_id") for clause in conditions)
    runs = origins(store, versions) if asked else {}
    return [one for one in versions if all(clause.holds(_value(one, clause, runs)) for clause in conditions)]


def _value(version: ModelVersion, clause: Clause, runs: Mapping[str, str]) -> str | float | None:
    """What a comparison is with."""
    if clause.kind == "tags":
        return tag_value(version.tags, clause.key)
    if clause.key == "run_id":
        return runs.get(version.run_id or "", "")
    if clause.key == "source_path":
        return shown_source(version)
    return version.version if clause.key == "version_number" else version.name


HANDLERS: Mapping[Endpoint[Any, Any], Callable[[Store, Any], Any]] = {
    wire.CREATE_VERSION: create_version,
    wire.GET_VERSION: get_version,
    wire.UPDATE_VERSION: update_version,
    wire.TRANSITION_STAGE: transition_stage,
    wire.DELETE_VERSION: delete_version,
    wire.SEARCH_VERSIONS: search_versions,
    wire.DOWNLOAD_URI: get_download_uri,
    wire.SET_VERSION_TAG: set_version_tag,
    wire.DELETE_VERSION_TAG: delete_version_tag,
}
