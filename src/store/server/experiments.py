"""Experiments, as MLflow's clients ask for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..base import Store
from ..errors import ExperimentNotFound, NameTaken
from ..experiments import Experiment
from ..wire import tracking as wire
from ..wire.common import Nothing
from ..wire.endpoint import Endpoint
from .clauses import Clause, Fields, clauses
from .errors import exists, invalid, missing
from .ordering import orders
from .paging import page, page_size
from .routing import Handler
from .validation import (
    LONGEST_EXPERIMENT_NAME,
    LONGEST_EXPERIMENT_TAG,
    checked_key,
    checked_length,
    required,
)
from .views import seen_experiment

_FIELDS = Fields(texts=["name", "experiment_id"], numbers=["creation_time", "last_update_time"])
_ORDERS = {name: name for name in ("name", "experiment_id", "creation_time", "last_update_time")}
_USUAL, _MOST = 1000, 50_000


def create(store: Store, asked: wire.CreateExperiment) -> wire.ExperimentId:
    """Files always go through the server, so where a client wants them is passed over."""
    name = checked_length(required(asked.name, "name"), LONGEST_EXPERIMENT_NAME, "name")
    tags = {
        checked_key(tag.key): checked_length(tag.value, LONGEST_EXPERIMENT_TAG, "value") for tag in asked.tags
    }
    try:
        return wire.ExperimentId(store.experiments.create(name, tags=tags).id)
    except NameTaken:
        raise exists(f"Experiment(name={name}) already exists.") from None


def get(store: Store, asked: wire.ExperimentId) -> wire.ExperimentFound:
    return wire.ExperimentFound(seen_experiment(found(store, asked.experiment_id)))


def get_by_name(store: Store, asked: wire.ExperimentName) -> wire.ExperimentFound:
    name = required(asked.experiment_name, "experiment_name")
    try:
        return wire.ExperimentFound(seen_experiment(store.experiments.named(name)))
    except ExperimentNotFound:
        raise missing(f"Could not find experiment with name '{name}'") from None


def update(store: Store, asked: wire.UpdateExperiment) -> Nothing:
    experiment = active(store, asked.experiment_id)
    name = checked_length(required(asked.new_name, "new_name"), LONGEST_EXPERIMENT_NAME, "new_name")
    try:
        store.experiments.update(experiment.id, name=name)
    except NameTaken:
        raise exists(f"Experiment(name={name}) already exists.") from None
    return Nothing()


def delete(store: Store, asked: wire.ExperimentId) -> Nothing:
    store.experiments.delete(active(store, asked.experiment_id).id)
    return Nothing()


def restore(store: Store, asked: wire.ExperimentId) -> Nothing:
    store.experiments.restore(found(store, asked.experiment_id).id)
    return Nothing()


def set_tag(store: Store, asked: wire.SetExperimentTag) -> Nothing:
    experiment = active(store, asked.experiment_id)
    value = checked_length(asked.value or "", LONGEST_EXPERIMENT_TAG, "value")
    store.experiments.update(experiment.id, tags={checked_key(asked.key): value})
    return Nothing()


def delete_tag(store: Store, asked: wire.SetExperimentTag) -> Nothing:
    experiment = active(store, asked.experiment_id)
    key = checked_key(asked.key)
    if key not in experiment.tags:
        raise missing(f"No tag with name: {key} in experiment with id {experiment.id}")
    store.experiments.update(experiment.id, tags={key: None})
    return Nothing()


def search(store: Store, asked: wire.SearchExperiments) -> wire.ExperimentsFound:
    wanted = clauses(asked.filter or "", _FIELDS)
    keys = orders(asked.order_by, _ORDERS) or [("creation_time", True)]
    size = page_size(asked.max_results, _USUAL, _MOST)
    deleted = {"DELETED_ONLY": True, "ALL": None}.get(asked.view_type or "", False)
    results = [
        experiment
        for experiment in store.experiments.list(deleted=deleted)
        if all(_holds(clause, experiment) for clause in wanted)
    ]
    for key, descending in reversed([*keys, ("experiment_id", False)]):
        results.sort(key=lambda experiment: _attributes(experiment)[key], reverse=descending)
    some, token = page(results, size, asked.page_token)
    return wire.ExperimentsFound([seen_experiment(experiment) for experiment in some], token)


def search_datasets(store: Store, asked: wire.SearchDatasets) -> wire.DatasetsFound:
    """The data sets that runs of these experiments read, each once."""
    summaries: dict[tuple[str, str, str, str], wire.DatasetSummary] = {}
    for id in required(asked.experiment_ids, "experiment_ids"):
        experiment = found(store, id)
        for run in store.search("datasets.name is not null", experiment=experiment.name, limit=_USUAL):
            for data in run.inputs:
                key = (experiment.id, data.name, data.digest, data.context)
                summaries[key] = wire.DatasetSummary(*key)
    return wire.DatasetsFound([summaries[key] for key in sorted(summaries)])


def found(store: Store, id: str | None) -> Experiment:
    """An experiment, deleted or not. Raises Refused."""
    required(id, "experiment_id")
    assert id is not None
    if not id.isdecimal():
        raise invalid(f"Invalid experiment ID '{id}'. Experiment ID must be a valid integer.")
    try:
        return store.experiments.get(id)
    except ExperimentNotFound:
        raise missing(f"No Experiment with id={id} exists") from None


def active(store: Store, id: str | None) -> Experiment:
    """An experiment that is not deleted. Raises Refused."""
    experiment = found(store, id)
    if experiment.deleted:
        raise invalid(f"The experiment {id} must be in the 'active' state. Current state is deleted.")
    return experiment


def _attributes(experiment: Experiment) -> Mapping[str, Any]:
    return {
        "name": experiment.name,
        "experiment_id": experiment.id,
        "creation_time": experiment.created or 0,
        "last_update_time": experiment.updated or 0,
    }


def _holds(clause: Clause, experiment: Experiment) -> bool:
    fields = _attributes(experiment) if clause.kind == "attributes" else experiment.tags
    return clause.holds(fields.get(clause.key))


HANDLERS: Mapping[Endpoint[Any, Any], Handler] = {
    wire.CREATE_EXPERIMENT: create,
    wire.GET_EXPERIMENT: get,
    wire.GET_EXPERIMENT_BY_NAME: get_by_name,
    wire.UPDATE_EXPERIMENT: update,
    wire.DELETE_EXPERIMENT: delete,
    wire.RESTORE_EXPERIMENT: restore,
    wire.SET_EXPERIMENT_TAG: set_tag,
    wire.DELETE_EXPERIMENT_TAG: delete_tag,
    wire.SEARCH_EXPERIMENTS: search,
    wire.LIST_EXPERIMENTS: search,
    wire.SEARCH_DATASETS: search_datasets,
}
