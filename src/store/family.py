"""The relatives of runs: a query for each generation, however many runs it has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .base import RunData, Store

_AT_ONCE = 500  # names in one filter


def descendants(
    store: Store, runs: Iterable[RunData], *, order_by: Sequence[str] = (), deleted: bool = False
) -> list[RunData]:
    """All runs nested in ``runs``, at any depth; those of one parent in the order asked for.

    With ``deleted`` the deleted ones, otherwise the others.
    """
    condition = "deleted = true and parent" if deleted else "parent"
    found: dict[str, RunData] = {}
    generation = [run.id for run in runs]
    while generation:
        born = _named(store, condition, generation, order_by)
        parents = born
        if len(born) > _AT_ONCE and not deleted:  # few of many trials have children: ask which
            parents = _named(store, "children > 0 and parent", generation)
        generation = [run.id for run in parents if run.id not in found]
        found.update((run.id, run) for run in born)
    return list(found.values())


def ancestors(store: Store, runs: Sequence[RunData]) -> list[RunData]:
    """The runs above ``runs`` that are not among them."""
    known = {run.id for run in runs}
    found: list[RunData] = []
    wanted = {run.parent_id for run in runs if run.parent_id} - known
    while wanted:
        above = _named(store, "run_id", sorted(wanted))
        known |= wanted
        found += above
        wanted = {run.parent_id for run in above if run.parent_id} - known
    return found


def _named(store: Store, condition: str, ids: Sequence[str], order_by: Sequence[str] = ()) -> list[RunData]:
    found: list[RunData] = []
    for first in range(0, len(ids), _AT_ONCE):
        names = ", ".join(f"'{id}'" for id in ids[first : first + _AT_ONCE])
        found += store.search(f"{condition} IN ({names})", order_by=order_by)
    return found
