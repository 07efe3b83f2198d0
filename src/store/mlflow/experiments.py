"""The experiments of an MLflow server; see `experiments.Experiments` for the promises."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from types import MappingProxyType

from ..errors import ExperimentNotFound
from ..experiments.base import Experiment
from ..experiments.names import check, check_deletable, taken
from ..wire import tracking as wire
from ..wire.common import Tag
from .client import MISSING, MlflowClient, Refused
from .finding import Finder

_NONE: Mapping[str, str] = MappingProxyType({})


class MlflowExperiments:
    """Asks the server, each time; ``flush`` sends first what this process wrote."""

    def __init__(self, client: MlflowClient, flush: Callable[[], None]) -> None:
        self._client = client
        self._finder = Finder(client)
        self._flush = flush

    def list(self, *, deleted: bool | None = False) -> builtins.list[Experiment]:
        self._flush()
        view: wire.ViewType = "ALL" if deleted is None else "DELETED_ONLY" if deleted else "ACTIVE_ONLY"
        return sorted(map(_seen, self._finder.experiments(view)), key=lambda one: one.name)

    def get(self, id: str) -> Experiment:
        self._flush()
        try:
            return _seen(self._client.call(wire.GET_EXPERIMENT, wire.ExperimentId(id)).experiment)
        except Refused as error:
            raise self._missing(id, error) from None

    def named(self, name: str) -> Experiment:
        self._flush()
        try:
            asked = wire.ExperimentName(name)
            return _seen(self._client.call(wire.GET_EXPERIMENT_BY_NAME, asked).experiment)
        except Refused as error:
            raise self._missing(name, error) from None

    def create(self, name: str, *, tags: Mapping[str, str] = _NONE) -> Experiment:
        check(name, tags)
        asked = wire.CreateExperiment(name, tags=[Tag(key, value) for key, value in tags.items()])
        try:
            made = self._client.call(wire.CREATE_EXPERIMENT, asked)
        except Refused as error:
            raise self._taken(name, error) from None
        return self.get(made.experiment_id or "")

    def update(
        self, id: str, *, name: str | None = None, tags: Mapping[str, str | None] = MappingProxyType({})
    ) -> Experiment:
        known = self.get(id)
        check(known.name if name is None else name, tags)
        if name is not None and name != known.name:
            try:
                self._client.call(wire.UPDATE_EXPERIMENT, wire.UpdateExperiment(id, name), again=True)
            except Refused as error:
                raise self._taken(name, error) from None
        for key, value in tags.items():
            asked = wire.SetExperimentTag(id, key, value)
            if value is not None:
                self._client.call(wire.SET_EXPERIMENT_TAG, asked, again=True)
            elif key in known.tags:
                self._client.call(wire.DELETE_EXPERIMENT_TAG, asked, again=True)
        return self.get(id)

    def delete(self, id: str) -> None:
        known = self.get(id)
        check_deletable(known)
        if not known.deleted:
            self._client.call(wire.DELETE_EXPERIMENT, wire.ExperimentId(id), again=True)

    def restore(self, id: str) -> None:
        if self.get(id).deleted:
            self._client.call(wire.RESTORE_EXPERIMENT, wire.ExperimentId(id), again=True)

    def _missing(self, which: str, error: Refused) -> Exception:
        if error.code != MISSING:
            return error
        return ExperimentNotFound(f"there is no experiment {which!r} in {self._client.url}")

    def _taken(self, name: str, error: Refused) -> Exception:
        known = next((one for one in self._finder.experiments() if one.name == name), None)
        return error if known is None else taken(_seen(known), self._client.url)


def _seen(one: wire.Experiment) -> Experiment:
    return Experiment(
        one.experiment_id,
        one.name,
        one.creation_time,
        one.last_update_time,
        one.lifecycle_stage == "deleted",
        {tag.key: tag.value for tag in one.tags},
    )
