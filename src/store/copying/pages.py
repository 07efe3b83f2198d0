"""Reading a store's runs page by page, deleted ones and models among them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import count
from typing import Protocol, runtime_checkable

from ..base import RunData, Store
from ..errors import ExperimentNotFound

PAGE = 500
"""Runs that are held at once."""

_ALL = "deleted IN (true, false) AND kind IN ('run', 'model')"


@runtime_checkable
class WithModels(Protocol):
    """A store with logged models that a search does not find."""

    def logged(self, experiment: str) -> Iterator[list[RunData]]:
        """The models of an experiment, page by page, as runs."""


def pages(store: Store, experiment: str) -> Iterator[list[RunData]]:
    """The runs of an experiment, the oldest first: so those that begin meanwhile come last."""
    yield from _runs(store, experiment)
    if isinstance(store, WithModels):
        yield from store.logged(experiment)


def _runs(store: Store, experiment: str) -> Iterator[list[RunData]]:
    for number in count():
        found = _page(store, experiment, number * PAGE)
        if found:
            yield found
        if len(found) < PAGE:
            return


def by_id(store: Store, ids: Collection[str]) -> Mapping[str, RunData]:
    """Those of the runs that the store has."""
    if not ids:
        return {}
    listed = ", ".join(f"'{id}'" for id in sorted(ids))
    return {run.id: run for run in store.search(f"{_ALL} AND run_id IN ({listed})")}


def _page(store: Store, experiment: str, offset: int) -> list[RunData]:
    try:
        return store.search(
            _ALL, experiment=experiment, order_by=["start_time ASC"], limit=PAGE, offset=offset
        )
    except ExperimentNotFound:  # one without runs
        return []
