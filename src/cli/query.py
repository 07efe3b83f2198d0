"""Which runs a listing is about, and in what order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .tree import families, in_trial_order

if TYPE_CHECKING:
    from ..store.base import RunData, Store


@dataclass(frozen=True)
class Query:
    """What the command line asked for."""

    store: Store
    filter: str = ""
    experiment: str | None = None
    order_by: tuple[str, ...] = ()
    limit: int | None = None

    def flat(self) -> list[RunData]:
        """All runs that match; without a filter, those at the top."""
        return self.store.search(
            self.filter or "parent IS NULL",
            experiment=self.experiment,
            order_by=self.order_by,
            limit=self.limit,
        )

    def tree(self) -> list[RunData]:
        """The same runs with what belongs to them, brothers and sisters in their order.

        Without a filter, all that is nested in them; with one, the runs above them.
        """
        from ..store.family import ancestors, descendants

        found = self.flat()
        if not self.filter:
            nested = descendants(self.store, found, order_by=self.order_by)
            return [*found, *(nested if self.order_by else in_trial_order(nested))]
        ranked = _by_first_match(found, ancestors(self.store, found))
        if self.order_by:
            return ranked
        nested = [run for run in ranked if run.parent_id is not None]
        return [*families(ranked)[None], *in_trial_order(nested)]


def _by_first_match(matches: Sequence[RunData], above: Sequence[RunData]) -> list[RunData]:
    """All of these, a run above standing where the first match below it stands."""
    runs = {run.id: run for run in [*matches, *above]}
    ranked: dict[str, RunData] = {}
    for match in matches:
        run: RunData | None = match
        while run is not None and run.id not in ranked:
            ranked[run.id] = run
            run = runs.get(run.parent_id) if run.parent_id else None
    return list(ranked.values())
