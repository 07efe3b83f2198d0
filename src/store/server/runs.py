"""Runs with their params and tags, as MLflow's clients ask for them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..base import RunData, RunWriter, Store
from ..errors import RunNotFound
from ..events import Delete, End, Event, Name, Params, Tags
from ..log import now
from ..wire import tracking as wire
from ..wire.common import Nothing, Tag
from ..wire.endpoint import Endpoint
from .direct import note_signed
from .errors import invalid, missing
from .experiments import active as active_experiment
from .routing import Handler
from .validation import checked_key, checked_time, run_id
from .views import PARENT, RUN_NAME, SAME_TAGS, USER, seen_info, seen_run, seen_runs, shown_tags
from .writers import active_or_not, adding_params, check_active, writers

_OVER = ("FINISHED", "FAILED", "KILLED")
_NOBODY = (None, "", "unknown")


def create(store: Store, asked: wire.CreateRun) -> wire.RunFound:
    experiment = active_experiment(store, asked.experiment_id or "0")
    tags = checked_tags(asked.tags)
    id = os.urandom(16).hex()  # as long as MLflow's
    name = _name(asked.run_name, tags.pop(RUN_NAME, None)) or f"run-{id[:8]}"
    parent = _parent(store, tags.get(PARENT), experiment.name)
    if parent is not None:
        del tags[PARENT]
    if asked.user_id not in _NOBODY and USER not in tags:
        tags[SAME_TAGS[USER]] = asked.user_id or ""
    start = now() if asked.start_time is None else checked_time(asked.start_time, "start_time")
    writer = store.create(experiment.name, name, parent=parent, id=id, time=start)
    if tags:
        writer.write(Tags(0, now(), tags={**tags}))
    writers(store).begun(writer)
    return wire.RunFound(seen_runs(store, [store.get(id)])[0])


def get(store: Store, asked: wire.RunId) -> wire.RunFound:
    return wire.RunFound(seen_run(store, active_or_not(store, run_id(asked))))


def update(store: Store, asked: wire.UpdateRun) -> wire.RunUpdated:
    run = _active(store, run_id(asked))
    changes: list[Event] = []
    if asked.status is not None or asked.end_time is not None:
        changes.append(_standing(run, asked))
    if asked.run_name:
        changes.append(Name(0, now(), name=asked.run_name))
    if changes:
        writers(store).any(run.id).writer.write(*changes)
    if asked.status in _OVER:
        note_signed(store, run)
        writers(store).close(run.id)
    return wire.RunUpdated(seen_info(store, store.get(run.id)))


def _standing(run: RunData, asked: wire.UpdateRun) -> End:
    """The status from now on.

    The latest one holds, whoever's clock it is by; so one that goes on is as early as may be.
    """
    status = asked.status or run.status
    if asked.end_time is not None:
        time = checked_time(asked.end_time, "end_time")
    elif status in _OVER:
        time = max(now(), run.end_time or 0)
    else:
        time = (run.end_time or run.start_time or now()) + 1
    return End(0, time, status=status)  # type: ignore[arg-type]


def delete(store: Store, asked: wire.RunId) -> Nothing:
    return _deleted(store, run_id(asked), True)


def restore(store: Store, asked: wire.RunId) -> Nothing:
    return _deleted(store, run_id(asked), False)


def _deleted(store: Store, id: str, deleted: bool) -> Nothing:
    run = active_or_not(store, id)
    if run.deleted != deleted:
        writers(store).any(id).writer.write(Delete(0, now(), deleted=deleted))
    writers(store).close(id)
    return Nothing()


def log_param(store: Store, asked: wire.LogText) -> Nothing:
    log_texts(store, run_id(asked), checked_params([Tag(checked_key(asked.key), asked.value or "")]), {})
    return Nothing()


def set_tag(store: Store, asked: wire.LogText) -> Nothing:
    log_texts(store, run_id(asked), {}, checked_tags([Tag(checked_key(asked.key), asked.value or "")]))
    return Nothing()


def delete_tag(store: Store, asked: wire.LogText) -> Nothing:
    run, key = _active(store, run_id(asked)), checked_key(asked.key)
    if key not in shown_tags(run):
        raise missing(f"No tag with name: {key} in run with id {run.id}")
    writers(store).any(run.id).writer.write(Tags(0, now(), tags={key: None}))
    return Nothing()


def log_texts(store: Store, id: str, params: Mapping[str, str], tags: Mapping[str, str]) -> None:
    """Write what was checked; a param that the run has already with another value is refused."""
    run = writers(store).active(id)
    if not _fresh(id, run.params, params):
        _write(run.writer, {}, tags)
        return
    with adding_params(store, run):
        fresh = _fresh(id, run.params, params)
        _write(run.writer, fresh, tags)
        run.params.update(fresh)


def _write(writer: RunWriter, params: Mapping[str, str], tags: Mapping[str, str]) -> None:
    events: list[Event] = []
    if params:
        events.append(Params(0, now(), params={**params}))
    plain = {key: value for key, value in tags.items() if key != RUN_NAME}
    if plain:
        events.append(Tags(0, now(), tags={**plain}))
    if tags.get(RUN_NAME):
        events.append(Name(0, now(), name=tags[RUN_NAME]))
    if events:
        writer.write(*events)


def _fresh(id: str, known: Mapping[str, str], params: Mapping[str, str]) -> dict[str, str]:
    """The params that the run does not have. Raises Refused for one that it has with another value."""
    for key, value in params.items():
        if known.get(key, value) != value:
            raise invalid(
                f"Changing param values is not allowed. Param with key='{key}' was already logged with"
                f" value='{known[key]}' for run ID='{id}'. Attempted logging new value '{value}'."
            )
    return {key: value for key, value in params.items() if key not in known}


def checked_params(params: Iterable[Tag], path: Callable[[int], str] = lambda index: "key") -> dict[str, str]:
    found: dict[str, str] = {}
    for index, param in enumerate(params):
        key = checked_key(param.key, path(index))
        if found.get(key, param.value) != param.value:
            raise invalid(
                f"Duplicate parameter keys have been submitted: {[key]}. Please ensure the request contains"
                " only one param value per param key."
            )
        found[key] = param.value
    return found


def checked_tags(tags: Iterable[Tag], path: Callable[[int], str] = lambda index: "key") -> dict[str, str]:
    return {checked_key(tag.key, path(index)): tag.value for index, tag in enumerate(tags)}


def _name(name: str | None, tagged: str | None) -> str | None:
    if name and tagged and name != tagged:
        raise invalid(
            "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values"
            f" (run_name='{name}', mlflow.runName='{tagged}')."
        )
    return name or tagged


def _parent(store: Store, id: str | None, experiment: str) -> str | None:
    """The run to nest in: one that is here, and in the same experiment."""
    try:
        above = active_or_not(store, id) if id else None
    except RunNotFound:
        return None
    return above.id if above is not None and above.experiment == experiment else None


def _active(store: Store, id: str) -> RunData:
    run = active_or_not(store, id)
    check_active(run)
    return run


HANDLERS: Mapping[Endpoint[Any, Any], Handler] = {
    wire.CREATE_RUN: create,
    wire.GET_RUN: get,
    wire.UPDATE_RUN: update,
    wire.DELETE_RUN: delete,
    wire.RESTORE_RUN: restore,
    wire.LOG_PARAM: log_param,
    wire.SET_TAG: set_tag,
    wire.DELETE_TAG: delete_tag,
}
