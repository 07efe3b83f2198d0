"""Runs of an MLflow server, as every store gives them; see `store.base.Store` for the promises.

MLflow's language of filters is a part of ours. So what it can tell is asked of the server, and the
rest is decided here, in tables like those of an index: a filter means the same everywhere.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

from ..base import ArtifactFolder, Last, LoggedModel, RunData
from ..errors import ModelNotFound, RunNotFound
from ..index.binning import Samples, binned, edges
from ..index.lookup import is_deleted, lookup
from ..names import experiment_folder, run_folder
from ..points import Buckets, Points
from ..query import find
from ..query.language import parse
from ..query.tree import EVERYTHING, Node
from ..wire import tracking as wire
from .artifacts import MlflowArtifacts
from .client import MlflowClient, Refused
from .experiments import MlflowExperiments
from .finding import MANY, Finder
from .keys import KIND, MODEL_ID, PARENT_ID, RUN_ID
from .pushing import conditions, experiment_of, speaks_of
from .runs import Seen
from .tables import Tables

_NEWEST = ("attributes.start_time DESC",)
_SHORTEST = 4

_Experiments = Mapping[str, wire.Experiment]


class MlflowReader:
    """``flush`` sends first what this process wrote."""

    def __init__(self, client: MlflowClient, flush: Callable[[], None]) -> None:
        self.uri = client.url
        self._client = client
        self._finder = Finder(client)
        self._flush = flush
        self._there: dict[str, str] = {}
        self.experiments = MlflowExperiments(client, flush)

    def search(
        self,
        filter: str = "",
        *,
        experiment: str | None = None,
        order_by: Sequence[str] = (),
        limit: int | None = None,
        offset: int = 0,
    ) -> list[RunData]:
        self._flush()
        tree = parse(filter) if isinstance(filter, str) and filter.strip() else EVERYTHING
        everything = self._finder.experiments()
        tables = Tables(everything)
        try:
            tables.read(
                lambda c: find(c, filter, experiment, order_by, limit, offset)
            )  # what is wrong with it
            wanted = experiment or experiment_of(tree)
            chosen = [one for one in everything if wanted in (None, one.name)]
            sorted_here = bool(order_by) or len(conditions(tree)) > 1 or len(chosen) > MANY
            enough = None if limit is None or sorted_here else limit + offset
            for page in self._pages(tree, chosen, enough):
                tables.add(page)
                if enough is not None and len(tables.read(lambda c: find(c, filter, experiment))) >= enough:
                    break
            return tables.read(lambda c: find(c, filter, experiment, order_by, limit, offset))
        finally:
            tables.close()

    def get(self, id: str, *, deleted: bool = False) -> RunData:
        self._flush()
        return self._found(id, deleted=deleted).data

    def latest(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, Last]]:
        self._flush()
        experiments = self._experiments()
        found = {
            seen.id: seen.latest
            for id in ids
            for seen in [self._by_id(id, experiments)]
            if seen is not None and seen.id == id
        }
        return {id: latest for id, latest in found.items() if latest}

    def points(self, id: str, key: str) -> Points:
        self._flush()
        return self._found(id).points(key)

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
        self._flush()
        if n < 1 or x not in ("step", "time"):
            raise ValueError(f"buckets needs n >= 1 and x 'step' or 'time', not n={n!r}, x={x!r}")
        histories = [(seen.id, seen.points(key)) for seen in map(self._found, ids)]
        columns = [points.step if x == "step" else points.time for _, points in histories]
        borders = edges(*_range([at for column in columns for at in column], start, end), n)
        series = []
        for (id, points), column in zip(histories, columns, strict=True):
            samples = Samples.none()
            samples.add_points(column.tobytes(), points.value.tobytes())
            series.append(binned(id, samples, borders))
        return Buckets(key, borders, series)

    def models(self, *ids: str) -> list[LoggedModel]:
        self._flush()
        return [model for id in ids for model in self._models_of(self._found(id))]

    def model(self, id: str) -> LoggedModel:
        """Those among the files of runs of ours."""
        self._flush()
        tree = f"tags.`{MODEL_ID}{id}` = 'true'"
        for seen in self._matching(tree):
            for model in seen.models:
                if model.id == id:
                    if seen.data.deleted:
                        raise RunNotFound(f"the model {id!r} is of run {seen.id}, which is deleted")
                    return model
        raise ModelNotFound(f"no run of {self.uri} holds the model {id!r}")

    def artifacts(self, id: str) -> ArtifactFolder:
        self._flush()
        return MlflowArtifacts(self._client, self._found(id, deleted=True))

    def folder(self, id: str) -> tuple[str, str]:
        """The whole id of a run, and the folder (``experiment/run``) that its log belongs to here."""
        self._flush()
        run = top = self._found(id, deleted=True).data
        while top.parent_id is not None:
            top = self._found(top.parent_id, deleted=True).data
        folder = run_folder(top.name, top.id, top.start_time or 0)
        return run.id, f"{experiment_folder(run.experiment)}/{folder}"

    def place(self, id: str, path: str) -> tuple[str, str]:
        """Where an artifact is by MLflow's address, and MLflow's id of its run."""
        seen = self._found(id)
        return f"{seen.root.rstrip('/')}/{path}", seen.there

    # Finding

    def _models_of(self, run: Seen) -> list[LoggedModel]:
        """Those among its files, and those that are runs of their own in it."""
        nested = self._matching(f"tags.`{KIND}` = 'model' and tags.`{PARENT_ID}` = '{run.id}'")
        below = [model for seen in nested if not seen.data.deleted for model in seen.models]
        return [*run.models, *sorted(below, key=lambda model: (model.path, model.id))]

    def _found(self, id: str, *, deleted: bool = True) -> Seen:
        """A run by its id, ours or MLflow's, or a beginning of it. Raises RunNotFound."""
        experiments = self._experiments()
        found = list(self._candidates(id, experiments))
        exact = [seen for seen in found if id in (seen.id, seen.there)]
        if exact and (deleted or not exact[0].data.deleted):
            return exact[0]
        tables = Tables(experiments.values())
        try:
            tables.add(found)
            row = tables.read(lambda connection: lookup(connection, exact[0].id if exact else id, self.uri))
            if row.deleted and not deleted:
                raise is_deleted(row, self.uri)
            return next(seen for seen in found if seen.id == row.run_id)
        finally:
            tables.close()

    def _candidates(self, id: str, experiments: _Experiments) -> Iterator[Seen]:
        """Runs whose ids begin so; the one that has it alone if there is one."""
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", id):
            return
        exact = self._by_id(id, experiments)
        if exact is not None:
            self._there[exact.id] = exact.there
            yield exact
        elif len(id) >= _SHORTEST:
            yield from self._matching(f"tags.`{RUN_ID}` LIKE '{id}%'", experiments)
            yield from self._matching(f"attributes.run_id LIKE '{id}%'", experiments)

    def _by_id(self, id: str, experiments: _Experiments) -> Seen | None:
        """By MLflow's id, which is known of runs that were asked for before; else by ours."""
        if id not in self._there:
            found = next(self._matching(f"tags.`{RUN_ID}` = '{id}'", experiments), None)
            if found is not None:
                return found
        try:
            run = self._client.call(wire.GET_RUN, wire.RunId(self._there.get(id, id))).run
        except Refused:
            self._there.pop(id, None)
            return None
        return Seen(self._finder, run, experiments[run.info.experiment_id])

    def _matching(self, filter: str, experiments: _Experiments | None = None) -> Iterator[Seen]:
        by_id = experiments or self._experiments()
        for page in self._finder.runs(list(by_id), filter):
            yield from (Seen(self._finder, run, by_id[run.info.experiment_id]) for run in page)

    def _experiments(self) -> _Experiments:
        return {one.experiment_id: one for one in self._finder.experiments()}

    def _pages(
        self, tree: Node, experiments: Sequence[wire.Experiment], enough: int | None
    ) -> Iterator[list[Seen]]:
        """The runs that the tree may want; with ``enough`` the newest first, in small pages."""
        by_id = {one.experiment_id: one for one in experiments}
        filters, view = conditions(tree), _view(tree)
        if speaks_of(tree, "children", "parent"):  # what is related must be there, whatever it is
            filters, view = [""], "ALL"
        size = 1_000 if enough is None else min(1_000, max(20, 2 * enough))
        seen: set[str] = set()
        for filter in filters:
            for page in self._asked(list(by_id), filter, view, size):
                new = [run for run in page if run.info.run_id not in seen]
                seen |= {run.info.run_id for run in new}
                yield [Seen(self._finder, run, by_id[run.info.experiment_id]) for run in new]

    def _asked(
        self, experiments: Sequence[str], filter: str, view: wire.ViewType, size: int
    ) -> Iterator[list[wire.Run]]:
        """Page by page; all runs where the server does not take the filter."""
        try:
            yield from self._finder.runs(experiments, filter, view=view, order_by=_NEWEST, page=size)
        except Refused:
            if not filter:
                raise
            yield from self._finder.runs(experiments, view=view, order_by=_NEWEST, page=size)


def _view(tree: Node) -> wire.ViewType:
    return "ALL" if speaks_of(tree, "deleted") else "ACTIVE_ONLY"


def _range(x: Sequence[int], start: float | None, end: float | None) -> tuple[float, float]:
    """The axis: as asked for, else all there is. Raises ValueError."""
    if start is None:
        start = min(x, default=0 if end is None else end)
    if end is None:
        end = max(max(x, default=start), start)
    if not (math.isfinite(start) and math.isfinite(end) and start <= end):
        raise ValueError(f"buckets needs a start that is not after the end, not start={start!r}, end={end!r}")
    return float(start), float(end)
