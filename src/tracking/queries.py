"""Reading runs: the public functions, which find the store that the settings name."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

from ..store.opening import require_store
from ..store.runs import Run, Runs
from .active import active_settings
from .opening import store_of
from .settings import resolve

if TYPE_CHECKING:
    from ..store.base import Store
    from ..store.points import Buckets

    Address = str | os.PathLike[str] | Store


def open_store(uri: str | os.PathLike[str] | None = None) -> Store:
    """The store at ``uri``, else the one that is recorded to (``./autoruns``).

    Raises NotAStore when there is none at ``uri``. The one that is recorded to need not
    exist yet: it is then empty.
    """
    if uri is None:
        return store_of(active_settings())
    require_store(uri)
    return store_of(resolve(store=uri))


def search_runs(
    filter: str = "",
    *,
    experiment: str | None = None,
    order_by: str | Sequence[str] = (),
    limit: int | None = None,
    store: Address | None = None,
) -> Runs:
    """The runs that match, of every depth and experiment, the newest first.

    ``filter`` is described in docs/search.md; ``order_by`` holds keys such as
    ``"metrics.acc desc"``. Raises FilterError (a ValueError), ExperimentNotFound (a
    KeyError) and NotAStore.
    """
    where = _store(store)
    found = where.search(filter, experiment=experiment, order_by=_several(order_by), limit=limit)
    return Runs(Run.of(data, where) for data in found)


def get_run(id: str, store: Address | None = None) -> Run:
    """The run with this id, or the only one whose id begins with it. Raises RunNotFound (a KeyError)."""
    where = _store(store)
    return Run.of(where.get(id), where)


def buckets(
    runs: Run | str | Iterable[Run | str],
    key: str,
    n: int,
    *,
    x: Literal["step", "time"] = "step",
    start: float | None = None,
    end: float | None = None,
    store: Address | None = None,
) -> Buckets:
    """A metric of several runs on one axis in ``n`` equal parts: what a chart draws.

    For each run and part the lowest, the highest, the mean value and their count. ``runs``
    are runs or ids; ``start`` and ``end`` are steps, or milliseconds with ``x="time"``.
    Raises ValueError for runs of several stores.
    """
    chosen = [runs] if isinstance(runs, (Run, str)) else list(runs)
    where = _common_store(chosen, store)
    ids = [run.id if isinstance(run, Run) else run for run in chosen]
    return where.buckets(ids, key, n, x=x, start=start, end=end)


def _store(store: Address | None) -> Store:
    if store is None or isinstance(store, (str, os.PathLike)):
        return open_store(store)
    if not hasattr(store, "search"):
        raise TypeError(f"store must be a path, an address or a store, not {store!r}")
    return store


def _common_store(runs: Iterable[Run | str], store: Address | None) -> Store:
    stores = {run.store.uri: run.store for run in runs if isinstance(run, Run)}
    if len(stores) > 1:
        raise ValueError(f"these runs are from several stores, {' and '.join(stores)}; ask for those of one")
    return next(iter(stores.values())) if stores and store is None else _store(store)


def _several(order_by: str | Sequence[str]) -> Sequence[str]:
    return (order_by,) if isinstance(order_by, str) else order_by
