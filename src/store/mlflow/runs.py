"""MLflow's runs as ours: what the target put in tags and files is put together again."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from functools import cached_property

import msgspec

from ..base import Input, Last, LoggedModel, RunData
from ..events import Scalar, read_number
from ..points import Points
from ..wire import tracking as wire
from .finding import Finder, untold
from .keys import (
    BEGINNINGS,
    CONTEXT,
    ERROR,
    HIDDEN,
    KIND,
    MODEL,
    NAME,
    OWN_DATA,
    PARAM,
    PARENT,
    PARENT_ID,
    REWIND,
    RUN_ID,
    SAME,
    SOURCE,
    SOURCE_TYPE,
    USER,
    is_void,
    read_model,
    read_rewinds,
)
from .names import decoded, encoded
from .texts import whole
from .values import guessed, read_note


class Seen:
    """A run on the server. ``ours``: a target of ours sent it."""

    def __init__(self, finder: Finder, run: wire.Run, experiment: wire.Experiment) -> None:
        self._finder = finder
        self._run = run
        self._experiment = experiment
        self.there = run.info.run_id
        self.root = run.info.artifact_uri
        texts = {tag.key: self._whole(tag.value) for tag in run.data.tags}
        self.ours = RUN_ID in texts
        self._tags = {decoded(key, texts): text for key, text in texts.items()} if self.ours else texts
        self.id = self._tags.get(RUN_ID, self.there)

    @cached_property
    def data(self) -> RunData:
        info = self._run.info
        ended = info.status not in ("RUNNING", "SCHEDULED")
        return RunData(
            self.id,
            info.run_name,
            self._experiment.name,
            info.status,
            False,
            self._tags.get(PARENT_ID) or self._tags.get(PARENT),
            info.start_time,
            info.end_time if ended else None,
            self._tags.get(ERROR),
            self._params(),
            {key: last.value for key, last in self.latest.items()},
            {key: text for key, text in self._tags.items() if not self._hides(key)},
            [_input(input) for input in self._run.inputs.dataset_inputs],
            self._tags.get(KIND, "run"),
            info.lifecycle_stage == "deleted" or self._experiment.lifecycle_stage == "deleted",
        )

    @cached_property
    def latest(self) -> dict[str, Last]:
        """The last points; of a metric that was rewound they are in its history."""
        found = {}
        for metric in self._run.data.metrics:
            key = self._name(metric.key or "")
            if key not in self._rewinds:
                found[key] = Last(self._number(metric), metric.step or 0, metric.timestamp or 0)
            elif len(points := self.points(key)):
                found[key] = Last(points.value[-1], points.step[-1], points.time[-1])
        return found

    def points(self, key: str) -> Points:
        """The history of a metric, by time; without what rewinds made void."""
        step, time, value = array("q"), array("q"), array("d")
        rewinds = self._rewinds.get(key, ())
        for point in self._finder.history(self.there, encoded(key) if self.ours else key):
            at, when = point.step or 0, point.timestamp or 0
            if not is_void(at, when, rewinds):
                step.append(at)
                time.append(when)
                value.append(self._number(point))
        return Points(step, time, value)

    @cached_property
    def models(self) -> list[LoggedModel]:
        """Those among its artifacts, by their paths."""
        notes = {key.removeprefix(MODEL): text for key, text in self._tags.items() if key.startswith(MODEL)}
        found = []
        for path, text in sorted(notes.items()) if self.ours else ():
            note = read_model(text)
            found.append(LoggedModel(note.id, self.id, path, note.flavor, note.time, note.notes))
        return found

    def _params(self) -> dict[str, Scalar]:
        texts = {self._name(param.key): self._whole(param.value) for param in self._run.data.params}
        if not self.ours:
            return dict(texts)
        notes = {key.removeprefix(PARAM): text for key, text in self._tags.items() if key.startswith(PARAM)}
        return {key: read_note(notes[key]) if key in notes else guessed(text) for key, text in texts.items()}

    @cached_property
    def _rewinds(self) -> Mapping[str, list[tuple[int, int]]]:
        notes = {key.removeprefix(REWIND): text for key, text in self._tags.items() if key.startswith(REWIND)}
        return {key: read_rewinds(text) for key, text in notes.items()} if self.ours else {}

    def _hides(self, key: str) -> bool:
        if not self.ours:
            return key in (PARENT, NAME)
        tags = self._tags
        same = key in SAME and tags[key] == tags.get(
            SAME[key], self._run.info.user_id if key == USER else None
        )
        return (
            same
            or key in HIDDEN
            or key.startswith(BEGINNINGS)
            or (key == SOURCE_TYPE and SAME[SOURCE] in tags)
        )

    def _name(self, text: str) -> str:
        return decoded(text, self._tags) if self.ours else text

    def _number(self, metric: wire.Metric) -> float:
        value = read_number(metric.value or 0.0)
        return untold(value) if self.ours else value

    def _whole(self, text: str) -> str:
        return whole(self._finder.client, self.root, text)


def _input(given: wire.DatasetInput) -> Input:
    """A data set; of one that we sent the name, the digest and the facts are as they were."""
    dataset = given.dataset or wire.Dataset()
    tags = {tag.key: tag.value for tag in given.tags}
    context, source, profile = tags.get(CONTEXT, ""), dataset.source or "", dataset.profile or ""
    if dataset.source_type == OWN_DATA:
        said = msgspec.json.decode(source, type=dict[str, str])
        return Input(said["name"], said["digest"], context, msgspec.json.decode(profile))
    facts: dict[str, object] = {"source_type": dataset.source_type or "", "source": source}
    facts |= {"schema": dataset.schema, "profile": dataset.profile, "tags": tags}
    return Input(dataset.name or "", dataset.digest or "", context, facts)
