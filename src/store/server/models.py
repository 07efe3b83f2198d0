"""Logged models, as MLflow's clients make and change them. What they are here: `logged_models`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from ..base import Store
from ..errors import ArtifactNotFound, InvalidName
from ..events import Delete, End, Event, Model, Params, Status, Tags
from ..log import now
from ..registry import ModelVersion
from ..wire import models as wire
from ..wire.artifacts import FileInfo
from ..wire.common import Nothing
from ..wire.endpoint import Endpoint
from .addresses import MODEL
from .direct import note_signed
from .errors import invalid, missing
from .experiments import active as active_experiment
from .logged_models import (
    KIND,
    MODEL_TYPE,
    find,
    is_own_run,
    located,
    model_inside,
)
from .model_search import search
from .texts import given
from .validation import required
from .views import OUTPUT_MODEL
from .writers import active_or_not, writers

VERSIONS = "mlflow.modelVersions"
"""The tag of a logged model that lists the versions that were made of it."""
HISTORY = "mlflow.log-model.history"
"""The tag of a run that lists the models which clients before MLflow 3 logged."""
_BAD = ("/", ":", ".", "%", '"', "'")
_STATUSES: Mapping[wire.Status, Status] = {
    "LOGGED_MODEL_PENDING": "RUNNING",
    "LOGGED_MODEL_READY": "FINISHED",
    "LOGGED_MODEL_UPLOAD_FAILED": "FAILED",
}
_FIELDS = ("run_id", "artifact_path", "utc_time_created", "model_uuid", "flavors")


def create(store: Store, asked: wire.Create) -> wire.Model:
    if any(c in asked.name for c in _BAD):
        raise invalid(
            f"Invalid model name ({asked.name!r}) provided. Model name must be a non-empty string and cannot "
            f"contain the following characters: {_BAD}"
        )
    experiment = active_experiment(store, asked.experiment_id)
    id = f"m-{os.urandom(16).hex()}"
    name, parent = asked.name or f"model-{id[2:10]}", asked.source_run_id or None
    params, tags = given(asked.params), given(asked.tags)
    if asked.model_type:
        tags[MODEL_TYPE] = asked.model_type
    writer = store.create(experiment.name, name, parent=parent, id=id, kind=KIND)
    writers(store).begun(writer)
    writer.write(Params(0, now(), dict(params)), Tags(0, now(), dict(tags)))
    return wire.Model(find(store, id))


def get(store: Store, asked: wire.Get) -> wire.Model:
    return wire.Model(find(store, asked.model_id, deleted=asked.allow_deleted))


def finalize(store: Store, asked: wire.Finalize) -> wire.Model:
    """All files are there, or never will be. A model that autolog recorded is as it is."""
    if is_own_run(store, asked.model_id):
        events: list[Event] = [End(0, now(), _STATUSES[asked.status])]
        if asked.status == "LOGGED_MODEL_READY":
            events.append(Model(0, now(), asked.model_id, MODEL, _flavor(store, asked.model_id)))
        writers(store).any(asked.model_id).writer.write(*events)
        note_signed(store, store.get(asked.model_id, deleted=True))
    return get(store, wire.Get(asked.model_id, allow_deleted=True))


def delete(store: Store, asked: wire.Named) -> Nothing:
    if not is_own_run(store, asked.model_id):
        run = model_inside(store, asked.model_id).run_id
        raise invalid(f"The model {asked.model_id} is a part of run {run}, and is deleted with it.")
    writers(store).any(asked.model_id).writer.write(Delete(0, now()))
    writers(store).close(asked.model_id)
    return Nothing()


def set_tags(store: Store, asked: wire.SetTags) -> Nothing:
    _tag(store, asked.model_id, dict(given(asked.tags)))
    return Nothing()


def delete_tag(store: Store, asked: wire.DeleteTag) -> Nothing:
    tags = find(store, asked.model_id, deleted=True).info.tags
    if asked.tag_key not in [tag.key for tag in tags]:
        raise missing(f"No tag with key {asked.tag_key!r} found for model with ID {asked.model_id!r}.")
    _tag(store, asked.model_id, {asked.tag_key: None})
    return Nothing()


def log_params(store: Store, asked: wire.LogParams) -> Nothing:
    if not is_own_run(store, asked.model_id):
        run = model_inside(store, asked.model_id).run_id
        raise invalid(f"The model {asked.model_id} has the params of run {run}; log them to the run.")
    writers(store).any(asked.model_id).writer.write(Params(0, now(), dict(given(asked.params))))
    return Nothing()


def list_files(store: Store, asked: wire.ListFiles) -> wire.Files:
    run_id, home = located(store, asked.model_id)
    path = f"{home}/{asked.artifact_directory_path}".rstrip("/")
    try:
        entries = store.artifacts(run_id).entries(path)
    except InvalidName as error:
        raise invalid("Invalid path") from error
    files = [
        FileInfo(entry.path.removeprefix(f"{home}/"), entry.is_dir, None if entry.is_dir else entry.size)
        for entry in entries
    ]
    return wire.Files(find(store, asked.model_id).info.artifact_uri, files)


def log_outputs(store: Store, asked: wire.LogOutputs) -> Nothing:
    made = {OUTPUT_MODEL + required(one.model_id, "model_id"): str(one.step or 0) for one in asked.models}
    writers(store).active(asked.run_id).writer.write(Tags(0, now(), {**made}))
    return Nothing()


def log_model(store: Store, asked: wire.LogModel) -> Nothing:
    """What clients before MLflow 3 say of a model: it is added to a list in a tag of the run."""
    model = _old_model(asked.model_json)
    opened = writers(store).active(asked.run_id)
    with opened.lock:
        before = active_or_not(store, opened.writer.id).tags.get(HISTORY, "[]")
        opened.writer.write(Tags(0, now(), {HISTORY: json.dumps([*json.loads(before), model])}))
    return Nothing()


def note_version(store: Store, id: str, version: ModelVersion) -> None:
    """A version was registered of a logged model, which has a tag that says so."""
    tags = {tag.key: tag.value for tag in find(store, id).info.tags}
    versions = json.loads(tags.get(VERSIONS) or "[]")
    _tag(store, id, {VERSIONS: json.dumps([*versions, {"name": version.name, "version": version.version}])})


def _tag(store: Store, id: str, tags: Mapping[str, str | None]) -> None:
    """Tag a model. Those of one that lies in a run are the run's."""
    if is_own_run(store, id):
        writers(store).any(id).writer.write(Tags(0, now(), dict(tags)))
        return
    run_id = model_inside(store, id).run_id
    named = {f"{id}.{key}": value for key, value in tags.items()}
    writers(store).active(run_id).writer.write(Tags(0, now(), named))


def _flavor(store: Store, id: str) -> str:
    """The flavor that the model's MLmodel file names first, beside the one that every model has."""
    import yaml

    with suppress(ArtifactNotFound, yaml.YAMLError), store.artifacts(id).open(f"{MODEL}/MLmodel") as file:
        written = yaml.safe_load(file)
        flavors = written.get("flavors") if isinstance(written, dict) else None
        named = [str(name) for name in flavors or () if name != "python_function"]
        return named[0] if named else "python_function"
    return "python_function"


def _old_model(text: str) -> dict[str, Any]:
    """What of an MLmodel file is kept in the list. Raises Refused."""
    try:
        model = json.loads(text)
    except (ValueError, RecursionError):
        raise invalid(f"Malformed model info. \n {text} \n is not a valid JSON.") from None
    there = {"model_uuid", *(model if isinstance(model, dict) else ())}
    absent = [field for field in _FIELDS if field not in there]
    if absent:
        raise invalid(f"Model json is missing mandatory fields: {', '.join(absent)}")
    return {field: model.get(field) for field in _FIELDS}


HANDLERS: Mapping[Endpoint[Any, Any], Callable[[Store, Any], Any]] = {
    wire.CREATE: create,
    wire.GET: get,
    wire.FINALIZE: finalize,
    wire.DELETE: delete,
    wire.SEARCH: search,
    wire.SET_TAGS: set_tags,
    wire.DELETE_TAG: delete_tag,
    wire.LOG_PARAMS: log_params,
    wire.LIST_FILES: list_files,
    wire.LOG_OUTPUTS: log_outputs,
    wire.LOG_MODEL: log_model,
}
