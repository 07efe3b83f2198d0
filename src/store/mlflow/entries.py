"""Metrics, params and tags of one run, in as many batches as MLflow's limits ask for."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from ..events import Scalar, read_number, wire_number
from ..wire import tracking as wire
from ..wire.common import Tag
from ..wire.endpoint import Endpoint
from .changes import Changes
from .client import Refused
from .files import Root
from .finding import Finder, Gone, told
from .keys import ODD, PARAM, REFUSED, REWIND, SAME, SOURCE, SOURCE_TYPE, rewind_note
from .names import LONG, digest, encoded, is_cut
from .state import RunState
from .texts import as_file
from .values import is_long, is_told, noted, place, shortened, shown

logger = logging.getLogger(__name__)

_T = TypeVar("_T")

_METRICS, _PARAMS, _TAGS = 800, 100, 100
"""What a batch holds at most; 1,000 of all together."""


class _Param(NamedTuple):
    """A param on its way."""

    name: str
    value: Scalar


_Entity = wire.Metric | Tag | _Param


class Entries:
    """Sends to one run. What the server will not take never keeps the rest from being sent."""

    def __init__(self, finder: Finder, run: RunState) -> None:
        self._finder = finder
        self._client = finder.client
        self._run = run

    def send(self, changes: Changes, *, again: bool) -> None:
        """``again``: some of it may be there already. Raises Gone, StoreUnavailable."""
        tags = self._tags(changes)
        for text in [*tags.values(), *map(shown, changes.params.values())]:
            if is_long(text):
                self._keep_text(text)
        points = self._points(changes, again)
        params = iter([_Param(key, value) for key, value in changes.params.items()])
        rest = iter([Tag(key, cut(value)) for key, value in tags.items()])
        while batch := list[_Entity](
            [*islice(points, _METRICS), *islice(params, _PARAMS), *islice(rest, _TAGS)]
        ):
            self._batch(batch)
        for key, value in changes.tags.items():
            if value is None:
                self.untag(key)

    def tag(self, key: str, value: str) -> None:
        """One more."""
        if is_long(value):
            self._keep_text(value)
        tags = {encoded(key): value} | _long([key])
        self._batch([Tag(name, cut(text)) for name, text in tags.items()])

    def untag(self, key: str) -> None:
        """It need not be there."""
        asked = wire.LogText(run_id=self._run.id, key=encoded(key))
        try:
            self._client.call(wire.DELETE_TAG, asked, again=True)
        except Refused as error:
            self._check(error)

    def ask(self, endpoint: Endpoint[Any, Any], asked: msgspec.Struct) -> None:
        """Something else that can be refused, and is kept then."""
        try:
            self._client.call(endpoint, asked, again=True)
        except Refused as error:
            self._check(error)
            self._refuse(asked, error)

    def _check(self, error: Refused) -> None:
        """Raises Gone when it is the run that is refused, and the error when it is one of the server."""
        if error.status >= 500:
            raise error
        id, url = self._run.id, self._client.url
        try:
            found = self._client.call(wire.GET_RUN, wire.RunId(id)).run
        except Refused as missing:
            raise Gone(f"run {id} is not on {url} any more: {missing}") from None
        if found.info.lifecycle_stage == "deleted":
            raise Gone(f"run {id} was deleted on {url}; restore it there to have the rest sent")

    def _tags(self, changes: Changes) -> dict[str, str]:
        """Those that were logged, and those that say what MLflow has no place for."""
        tags = {key: value for key, value in changes.tags.items() if value is not None}
        odd = self._rewinds(changes) | self._notes(changes.params)
        tags |= _as_mlflow(tags) | odd | ({ODD: "true"} if odd else {})
        names = [*(points.key for points in changes.points), *changes.params, *tags]
        return {encoded(key): value for key, value in tags.items()} | _long(names)

    def _rewinds(self, changes: Changes) -> dict[str, str]:
        known = self._run.rewinds
        for rewind in changes.rewinds:
            pair = (rewind.step, rewind.time)
            known[rewind.key] = [*(each for each in known.get(rewind.key, []) if each != pair), pair]
        return {REWIND + key: rewind_note(known[key]) for key in {r.key for r in changes.rewinds}}

    def _notes(self, params: Mapping[str, Scalar]) -> dict[str, str]:
        """Params whose text does not tell what they are, and those that had a note before."""
        odd = {key: value for key, value in params.items() if key in self._run.noted or not is_told(value)}
        self._run.noted = sorted({*self._run.noted, *odd})
        return {PARAM + key: noted(value) for key, value in odd.items()}

    def _points(self, changes: Changes, again: bool) -> Iterator[wire.Metric]:
        known = {points.key: self._known(encoded(points.key)) for points in changes.points} if again else {}
        for points in changes.points:
            key, there = encoded(points.key), known.get(points.key, frozenset())
            for step, time, value in zip(points.steps, points.times, points.values, strict=True):
                if not there or (step, time, told(value)) not in there:
                    yield wire.Metric(key=key, value=wire_number(value), timestamp=time, step=step)

    def _known(self, key: str) -> frozenset[tuple[int, int, str]]:
        points = self._finder.history(self._run.id, key)
        return frozenset((p.step or 0, p.timestamp or 0, told(read_number(p.value or 0.0))) for p in points)

    def _batch(self, entities: Sequence[_Entity]) -> None:
        metrics = [entity for entity in entities if isinstance(entity, wire.Metric)]
        params = [_written(entity) for entity in entities if isinstance(entity, _Param)]
        tags = [entity for entity in entities if isinstance(entity, Tag)]
        try:
            self._client.call(wire.LOG_BATCH, wire.LogBatch(self._run.id, metrics, params, tags), again=True)
        except Refused as error:
            self._check(error)
            if len(entities) == 1:
                self._alone(entities[0], error)
                return
            half = len(entities) // 2
            self._batch(entities[:half])
            self._batch(entities[half:])

    def _alone(self, entity: _Entity, error: Refused) -> None:
        """A param that has another value there, which stays, gets its own in a tag."""
        if isinstance(entity, _Param) and entity.name not in self._run.noted and self._has(entity.name):
            self._run.noted = sorted({*self._run.noted, entity.name})
            self.tag(PARAM + entity.name, noted(entity.value))
            self.tag(ODD, "true")
        elif not isinstance(entity, _Param) or entity.name not in self._run.noted:
            self._refuse(_written(entity) if isinstance(entity, _Param) else entity, error)

    def _has(self, param: str) -> bool:
        found = self._client.call(wire.GET_RUN, wire.RunId(self._run.id)).run
        return encoded(param) in {param.key for param in found.data.params}

    def _refuse(self, what: msgspec.Struct, error: Refused) -> None:
        content = msgspec.json.encode({"refused": what, "message": str(error)})
        path = f"{REFUSED}/{digest(content.decode())}.json"
        id, url = self._run.id, self._client.url
        logger.warning("%s refuses something of run %s, which is kept in %s there: %s", url, id, path, error)
        self._keep(path, content)

    def _keep_text(self, text: str) -> None:
        self._keep(place(text), as_file(text))

    def _keep(self, path: str, content: bytes) -> None:
        with tempfile.TemporaryDirectory(prefix="autolog-") as folder:
            file = Path(folder, "kept.json")
            file.write_bytes(content)
            Root(self._client, self._run.root).put(path, file)


def _long(names: Iterable[str]) -> dict[str, str]:
    """The tags that hold the names which are too long."""
    return {LONG + digest(name): name for name in names if is_cut(name)}


def _as_mlflow(tags: Mapping[str, str]) -> dict[str, str]:
    """What runs of ours note of themselves, by MLflow's names for it."""
    found = {theirs: tags[ours] for theirs, ours in SAME.items() if ours in tags and theirs not in tags}
    return found | ({SOURCE_TYPE: "LOCAL"} if SOURCE in found else {})


def cut(text: str) -> str:
    """A text as it can be there."""
    return shortened(text) if is_long(text) else text


def _written(param: _Param) -> Tag:
    return Tag(encoded(param.name), cut(shown(param.value)))
