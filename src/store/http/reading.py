"""Runs of one of our servers, as every store gives them; see `store.base.Store` for the promises."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from ..base import Last, LoggedModel, RunData
from ..events import wire_number
from ..points import Buckets, Points
from ..wire import own
from ..wire.columns import buckets_of, points_of
from .artifacts import HttpArtifacts

if TYPE_CHECKING:
    from .store import HttpStore


class OwnReader:
    """Asks the server, each time."""

    def __init__(self, store: HttpStore) -> None:
        self._store = store
        self._ask = store.ask

    def search(
        self,
        filter: str = "",
        *,
        experiment: str | None = None,
        order_by: Sequence[str] = (),
        limit: int | None = None,
        offset: int = 0,
    ) -> list[RunData]:
        asked = own.Search(filter, experiment, list(order_by), limit, offset)
        return [own.run_of(answer) for answer in self._ask(own.SEARCH, asked)]

    def logged(self, experiment: str) -> Iterator[list[RunData]]:
        """None: a search finds all models."""
        return iter(())

    def get(self, id: str, *, deleted: bool = False) -> RunData:
        return own.run_of(self._ask(own.GET_RUN, own.GetRun(id, deleted)))

    def latest(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, Last]]:
        return own.latest_of(self._ask(own.LATEST, own.Latest(list(ids))))

    def points(self, id: str, key: str) -> Points:
        return points_of(self._ask(own.POINTS, own.PointsOf(id, key)))

    def buckets(
        self,
        ids: Sequence[str],
        key: str,
        n: int,
        *,
        x: Literal["step", "time"] = "step",
        start: float | None = None,
        end: float | None = None,
    ) -> Buckets:
        first = None if start is None else wire_number(start)
        last = None if end is None else wire_number(end)
        return buckets_of(self._ask(own.BUCKETS, own.BucketsOf(list(ids), key, n, x, first, last)))

    def models(self, *ids: str) -> list[LoggedModel]:
        return [_model(answer) for id in ids for answer in self._ask(own.MODELS, own.ById(id))]

    def model(self, id: str) -> LoggedModel:
        return _model(self._ask(own.MODEL, own.ById(id)))

    def artifacts(self, id: str) -> HttpArtifacts:
        return HttpArtifacts(self._store, self.get(id, deleted=True).id)

    def folder(self, id: str) -> tuple[str, str]:
        """The whole id of a run, and the folder (``experiment/run``) that its log is in."""
        whole = self.get(id, deleted=True).id
        return whole, self._ask(own.FOLDER, own.ById(whole))


def _model(answer: LoggedModel) -> LoggedModel:
    return replace(answer, notes=tuple(answer.notes))
