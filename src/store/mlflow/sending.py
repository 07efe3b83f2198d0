"""What is new of one run, as calls to an MLflow server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from ..events import Artifact, End, Input, Start
from ..names import experiment_name
from ..who import user_name
from ..wire import tracking as wire
from ..wire.common import Tag
from .changes import Changes
from .entries import Entries
from .files import Root, inside
from .finding import Finder, Gone
from .keys import (
    CONTEXT,
    ERROR,
    KIND,
    MODEL,
    MODEL_ID,
    OWN_DATA,
    PARAM,
    PARENT,
    PARENT_ID,
    REWIND,
    RUN_ID,
    USER,
    model_note,
    read_rewinds,
)
from .names import decoded
from .state import RunState, State

_LONGEST_NAME, _LONGEST_DIGEST, _LONGEST_CONTEXT = 500, 36, 500


class _Described(msgspec.Struct):
    """A data set as MLflow's client described it."""

    source_type: str = ""
    source: str = ""
    schema: str | None = None
    profile: str | None = None
    tags: dict[str, str] = {}


class Sender:
    """Sends what is new of runs; ``home`` is where the files of a run lie on this machine."""

    def __init__(self, finder: Finder, state: State, home: Callable[[str], Path]) -> None:
        self._finder = finder
        self._client = finder.client
        self._state = state
        self._home = home

    def send(self, id: str, changes: Changes, experiment: str, *, again: bool) -> None:
        """``experiment`` is its folder; ``again``: some of it may be there already.

        Raises Gone, StoreUnavailable, Refused, OSError.
        """
        run = self._known(id, changes.start, experiment)
        entries, deleted = (
            Entries(self._finder, run),
            run.deleted if changes.deleted is None else changes.deleted,
        )
        if run.deleted:
            self._client.call(wire.RESTORE_RUN, wire.RunId(run.id), again=True)
            run.deleted = False
        entries.send(changes, again=again)
        for input in changes.inputs:
            entries.ask(wire.LOG_INPUTS, wire.LogInputs(run.id, [_dataset(input)]))
        self._files(id, run, changes)
        for path, model in changes.models.items():
            entries.tag(MODEL + path, model_note(model))
            entries.tag(MODEL_ID + model.id, "true")
        self._stand(run, entries, changes)
        if deleted:
            self._client.call(wire.DELETE_RUN, wire.RunId(run.id), again=True)
            run.deleted = True

    # The run itself

    def _known(self, id: str, start: Start | None, experiment: str) -> RunState:
        run = self._state.runs.get(id)
        if run is None:
            run = self._state.runs[id] = self._joined(id) if start is None else self._begun(start, experiment)
        for child in self._state.waiting.pop(id, []):
            if child in self._state.runs:
                Entries(self._finder, self._state.runs[child]).tag(PARENT, run.id)
        return run

    def _joined(self, id: str) -> RunState:
        found = self._finder.run(id) or self._finder.theirs(id)
        if found is None:
            raise Gone(f"there is no run {id} on {self._client.url}, and its beginning is not here")
        return _as_known(found)

    def _begun(self, start: Start, folder: str) -> RunState:
        """The run, which is made unless it is there: an answer may have been lost."""
        above = None if start.parent is None else self._parent(start.id, start.parent)
        experiment = above.experiment if above else self._finder.experiment(experiment_name(folder))
        found = self._finder.run(start.id, experiment)
        if found is None:
            name, tags = start.name or start.id, _marks(start, above)
            asked = wire.CreateRun(experiment, user_name(), name, start.time, tags)
            found = self._client.call(wire.CREATE_RUN, asked).run
        return _as_known(found)

    def _parent(self, id: str, parent: str) -> RunState | None:
        """The run above, if it is there; else it is told of its child when it comes."""
        if parent not in self._state.runs:
            found = self._finder.run(parent) or self._finder.theirs(parent)
            if found is None:
                self._state.waiting.setdefault(parent, []).append(id)
                return None
            self._state.runs[parent] = _as_known(found)
        return self._state.runs[parent]

    # Files

    def _files(self, id: str, run: RunState, changes: Changes) -> None:
        root, home = Root(self._client, run.root), self._home(id)
        for path, event in changes.files.items():
            if any(_overlap(path, known) for known in run.files):
                root.remove(path)
                run.files = [
                    known for known in run.files if not known.startswith(f"{path}/") and known != path
                ]
            local = home / path
            if isinstance(event, Artifact) and local.exists():  # else it was replaced, or discarded
                for name in inside(local):
                    root.put(f"{path}/{name}" if name else path, local / name if name else local)
                run.files.append(path)

    # How it stands

    def _stand(self, run: RunState, entries: Entries, changes: Changes) -> None:
        if changes.name is not None and changes.name.time >= run.named:
            run.named = changes.name.time
            self._client.call(wire.UPDATE_RUN, wire.UpdateRun(run.id, run_name=changes.name.name), again=True)
        standing = changes.standing
        if standing is None or standing.time < run.standing:
            return
        run.standing = standing.time
        status = standing.status if isinstance(standing, End) else "RUNNING"
        error = standing.error if isinstance(standing, End) else None
        if error is not None:
            entries.tag(ERROR, error)
        elif run.failed:
            entries.untag(ERROR)
        run.failed = error is not None
        ended = standing.time if status not in ("RUNNING", "SCHEDULED") else None
        self._client.call(wire.UPDATE_RUN, wire.UpdateRun(run.id, status=status, end_time=ended), again=True)


def _marks(start: Start, above: RunState | None) -> list[Tag]:
    """The tags that a run of ours has from its beginning."""
    tags = {RUN_ID: start.id, USER: user_name()}
    if start.kind != "run":
        tags[KIND] = start.kind
    if start.parent is not None:
        tags[PARENT_ID] = start.parent
    if above is not None:
        tags[PARENT] = above.id
    return [Tag(key, value) for key, value in tags.items()]


def _as_known(run: wire.Run) -> RunState:
    """What a run that is there says of what was sent before."""
    tags = {tag.key: tag.value for tag in run.data.tags}
    names = {decoded(key, tags): text for key, text in tags.items()}
    noted = [key.removeprefix(PARAM) for key in names if key.startswith(PARAM)]
    rewinds = {
        key.removeprefix(REWIND): read_rewinds(text) for key, text in names.items() if key.startswith(REWIND)
    }
    info = run.info
    known = RunState(info.run_id, info.experiment_id, info.artifact_uri, noted, rewinds=rewinds)
    known.deleted, known.failed = info.lifecycle_stage == "deleted", ERROR in tags
    return known


def _dataset(input: Input) -> wire.DatasetInput:
    """A data set; one that came from an MLflow server goes back as it was."""
    context = [Tag(CONTEXT, input.context[:_LONGEST_CONTEXT])] if input.context else []
    if "source_type" in input.facts:
        known = msgspec.convert(input.facts, _Described, strict=False)
        other = [Tag(key, value) for key, value in known.tags.items() if key != CONTEXT]
        facts = (known.source_type, known.source, known.schema, known.profile)
        return wire.DatasetInput([*context, *other], wire.Dataset(input.name, input.digest, *facts))
    whole = msgspec.json.encode({"name": input.name, "digest": input.digest}).decode()
    name, digest = input.name[:_LONGEST_NAME] or "-", input.digest[:_LONGEST_DIGEST] or "-"
    profile = msgspec.json.encode(input.facts).decode()
    return wire.DatasetInput(context, wire.Dataset(name, digest, OWN_DATA, whole, None, profile))


def _overlap(path: str, known: str) -> bool:
    return path == known or known.startswith(f"{path}/") or path.startswith(f"{known}/")
