"""The experiments of a store on a server; see `experiments.Experiments` for the promises."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from ..experiments.base import Experiment
from ..wire import own

if TYPE_CHECKING:
    from .store import HttpStore

_NONE: Mapping[str, str] = MappingProxyType({})


class HttpExperiments:
    """Asks the server, each time."""

    def __init__(self, store: HttpStore) -> None:
        self._ask = store.ask

    def list(self, *, deleted: bool | None = False) -> builtins.list[Experiment]:
        which = own.ListExperiments("all" if deleted is None else "yes" if deleted else "no")
        return self._ask(own.LIST_EXPERIMENTS, which)

    def get(self, id: str) -> Experiment:
        return self._ask(own.GET_EXPERIMENT, own.ById(id))

    def named(self, name: str) -> Experiment:
        return self._ask(own.NAMED_EXPERIMENT, own.ByName(name))

    def create(self, name: str, *, tags: Mapping[str, str] = _NONE) -> Experiment:
        return self._ask(own.CREATE_EXPERIMENT, own.CreateExperiment(name, dict(tags)))

    def update(
        self, id: str, *, name: str | None = None, tags: Mapping[str, str | None] = MappingProxyType({})
    ) -> Experiment:
        return self._ask(own.UPDATE_EXPERIMENT, own.UpdateExperiment(id, name, dict(tags)))

    def delete(self, id: str) -> None:
        self._ask(own.DELETE_EXPERIMENT, own.ById(id))

    def restore(self, id: str) -> None:
        self._ask(own.RESTORE_EXPERIMENT, own.ById(id))
