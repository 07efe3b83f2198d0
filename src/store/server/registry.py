"""Registered models, their aliases and tags, as MLflow's clients ask for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..base import Store
from ..errors import AliasNotFound
from ..registry import ModelVersion, RegisteredModel
from ..registry.names import canonical_stage
from ..wire import registry as wire
from ..wire.common import Nothing
from ..wire.endpoint import Endpoint
from .clauses import Clause, Fields
from .errors import invalid, missing
from .ordering import orders, sort
from .paging import page, page_size
from .registry_words import (
    number,
    registry_errors,
    seen_version,
    seen_versions,
    tag_value,
    wanted,
)
from .texts import given, shown

_FIELDS = Fields(texts=["name"])
_ORDERS = {"name": "name", "timestamp": "updated", "last_updated_timestamp": "updated"}
_USUAL, _MOST = 100, 1000


def create_model(store: Store, asked: wire.CreateModel) -> wire.Model:
    with registry_errors(asked.name):
        tags = given(asked.tags)
        model = store.registry.create(asked.name, description=asked.description, tags=tags)
    return _model(store, model)


def get_model(store: Store, asked: wire.NamedModel) -> wire.Model:
    with registry_errors(asked.name):
        return _model(store, store.registry.get(asked.name))


def rename_model(store: Store, asked: wire.RenameModel) -> wire.Model:
    with registry_errors(asked.name):
        store.registry.get(asked.name)
    with registry_errors(asked.new_name):
        return _model(store, store.registry.rename(asked.name, asked.new_name))


def update_model(store: Store, asked: wire.UpdateModel) -> wire.Model:
    with registry_errors(asked.name):
        store.registry.update(asked.name, description=asked.description)
        return _model(store, store.registry.get(asked.name))


def delete_model(store: Store, asked: wire.NamedModel) -> Nothing:
    """With its aliases: MLflow's clients know no question about these."""
    with registry_errors(asked.name):
        store.registry.delete(asked.name, force=True)
    return Nothing()


def search_models(store: Store, asked: wire.Search) -> wire.Models:
    conditions = wanted(asked.filter, _FIELDS)
    keys = orders(asked.order_by, _ORDERS)
    size = page_size(asked.max_results, _USUAL, _MOST)
    found = [
        model for model in store.registry.search() if all(_holds(clause, model) for clause in conditions)
    ]
    some, token = page(sort(found, [*keys, ("name", False)]), size, asked.page_token)
    return wire.Models(_models(store, some), token)


def latest_versions(store: Store, asked: wire.LatestVersions) -> wire.Versions:
    """The newest version of each stage, or of the stages that are asked for."""
    stages = [canonical_stage(stage) for stage in asked.stages]
    with registry_errors(asked.name):
        newest = _newest(store.registry.versions(asked.name))
    return wire.Versions(seen_versions(store, [one for one in newest if not stages or one.stage in stages]))


def set_model_tag(store: Store, asked: wire.SetModelTag) -> Nothing:
    with registry_errors(asked.name):
        store.registry.update(asked.name, tags={asked.key: asked.value})
    return Nothing()


def delete_model_tag(store: Store, asked: wire.DeleteModelTag) -> Nothing:
    with registry_errors(asked.name):
        store.registry.update(asked.name, tags={asked.key: None})
    return Nothing()


def set_alias(store: Store, asked: wire.SetAlias) -> Nothing:
    with registry_errors(asked.name, asked.version):
        store.registry.set_alias(asked.name, asked.alias, number(asked.version))
    return Nothing()


def get_by_alias(store: Store, asked: wire.NamedAlias) -> wire.Version:
    """The version with an alias; MLflow's clients hear of an unknown one as of a wrong parameter."""
    with registry_errors(asked.name):
        if asked.alias.lower() == "latest":
            versions = store.registry.versions(asked.name)
            if not versions:
                raise missing(f"Latest version not found for model {asked.name}.")
            return wire.Version(seen_version(store, versions[0]))
        try:
            return wire.Version(seen_version(store, store.registry.version_by_alias(asked.name, asked.alias)))
        except AliasNotFound as error:
            raise invalid(f"Registered model alias {asked.alias} not found.") from error


def delete_alias(store: Store, asked: wire.NamedAlias) -> Nothing:
    """An alias that is not there is gone already."""
    with registry_errors(asked.name):
        if asked.alias in store.registry.get(asked.name).aliases:
            store.registry.delete_alias(asked.name, asked.alias)
    return Nothing()


def _model(store: Store, model: RegisteredModel) -> wire.Model:
    return wire.Model(_models(store, [model])[0])


def _models(store: Store, models: Sequence[RegisteredModel]) -> list[wire.RegisteredModel]:
    """Models as MLflow's clients see them; their runs are looked up all at once."""
    there = (model.name for model in models if model.latest is not None)
    newest = [version for name in there for version in _newest(store.registry.versions(name))]
    versions: dict[str, list[wire.ModelVersion]] = {}
    for version in seen_versions(store, newest, aliases=False):
        versions.setdefault(version.name, []).append(version)
    return [
        wire.RegisteredModel(
            model.name,
            model.created,
            model.updated,
            model.description,
            versions.get(model.name, []),
            shown(model.tags),
            [wire.Alias(alias, str(version)) for alias, version in sorted(model.aliases.items())],
        )
        for model in models
    ]


def _newest(versions: list[ModelVersion]) -> list[ModelVersion]:
    """The newest of each stage, by number; ``versions`` has the newest first."""
    newest: dict[str, ModelVersion] = {}
    for version in versions:
        newest.setdefault(version.stage, version)
    return sorted(newest.values(), key=lambda version: version.version)


def _holds(clause: Clause, model: RegisteredModel) -> bool:
    return clause.holds(model.name if clause.kind == "attributes" else tag_value(model.tags, clause.key))


HANDLERS: Mapping[Endpoint[Any, Any], Callable[[Store, Any], Any]] = {
    wire.CREATE_MODEL: create_model,
    wire.GET_MODEL: get_model,
    wire.RENAME_MODEL: rename_model,
    wire.UPDATE_MODEL: update_model,
    wire.DELETE_MODEL: delete_model,
    wire.SEARCH_MODELS: search_models,
    wire.LATEST_VERSIONS: latest_versions,
    wire.LATEST_VERSIONS_POST: latest_versions,
    wire.SET_MODEL_TAG: set_model_tag,
    wire.DELETE_MODEL_TAG: delete_model_tag,
    wire.SET_ALIAS: set_alias,
    wire.GET_BY_ALIAS: get_by_alias,
    wire.DELETE_ALIAS: delete_alias,
}
