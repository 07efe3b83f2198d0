"""Finding on an MLflow server what is there already: runs by our ids, experiments by name."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from ..errors import InvalidName
from ..wire import tracking as wire
from .client import MISSING, TAKEN, MlflowClient, Refused
from .keys import RUN_ID

PAGE = 1_000
_POINTS = 20_000
MANY = 500
"""Experiments in one question."""
_LARGEST = 1.7976931348623157e308


class Gone(Exception):
    """A run is deleted on the server, or its experiment; it takes nothing in."""


class Finder:
    """Asks one server."""

    def __init__(self, client: MlflowClient) -> None:
        self.client = client
        self._experiments: dict[str, str] = {}

    def experiments(self, view: wire.ViewType = "ALL") -> list[wire.Experiment]:
        found: list[wire.Experiment] = []
        token = None
        while token != "":
            asked = wire.SearchExperiments(max_results=PAGE, page_token=token, view_type=view)
            answer = self.client.call(wire.SEARCH_EXPERIMENTS, asked)
            found += answer.experiments
            token = answer.next_page_token
        return found

    def experiment(self, name: str) -> str:
        """The id of an experiment, which is created if it has to be. Raises Gone."""
        if name not in self._experiments:
            self._experiments[name] = self._named(name) or self._created(name)
        return self._experiments[name]

    def runs(
        self,
        experiments: Sequence[str],
        filter: str = "",
        *,
        view: wire.ViewType = "ALL",
        order_by: Sequence[str] = (),
        page: int = PAGE,
    ) -> Iterator[list[wire.Run]]:
        """The runs that match, page by page."""
        for first in range(0, len(experiments), MANY):
            token = None
            while token != "":
                asked = wire.SearchRuns(
                    list(experiments[first : first + MANY]), filter or None, view, page, list(order_by), token
                )
                answer = self.client.call(wire.SEARCH_RUNS, asked)
                yield answer.runs
                token = answer.next_page_token

    def run(self, id: str, experiment: str | None = None) -> wire.Run | None:
        """The run that has our id, deleted or not, of an experiment or any; of several the first."""
        ids = [experiment] if experiment else [one.experiment_id for one in self.experiments()]
        pages = self.runs(ids, f"tags.`{RUN_ID}` = '{id}'", order_by=["attributes.start_time ASC"])
        return next((run for page in pages for run in page), None)

    def theirs(self, id: str) -> wire.Run | None:
        """The run that has this id of MLflow's."""
        try:
            return self.client.call(wire.GET_RUN, wire.RunId(id)).run
        except Refused as error:
            if error.status >= 500:
                raise
            return None

    def history(self, run: str, key: str) -> Iterator[wire.Metric]:
        """All points of a metric."""
        token = None
        while token != "":
            asked = wire.GetHistory(run_id=run, metric_key=key, page_token=token, max_results=_POINTS)
            answer = self.client.call(wire.GET_HISTORY, asked)
            yield from answer.metrics
            token = answer.next_page_token

    def _named(self, name: str) -> str | None:
        try:
            asked = wire.ExperimentName(name)
            found = self.client.call(wire.GET_EXPERIMENT_BY_NAME, asked).experiment
        except Refused as error:
            if error.code != MISSING:
                raise
            return None
        if found.lifecycle_stage == "deleted":
            raise Gone(f"experiment {name!r} was deleted on {self.client.url}; restore it there")
        return found.experiment_id

    def _created(self, name: str) -> str:
        try:
            made = self.client.call(wire.CREATE_EXPERIMENT, wire.CreateExperiment(name))
        except Refused as error:
            if error.code != TAKEN:
                raise
            return self._named(name) or ""
        if made.experiment_id is None:
            raise InvalidName(f"{self.client.url} made no experiment {name!r}")
        return made.experiment_id


def told(value: float) -> str:
    """A metric's value as MLflow gives it back: there are no infinities, and one zero."""
    if math.isinf(value):
        value = math.copysign(_LARGEST, value)
    return repr(value + 0.0)


def untold(value: float) -> float:
    """The value that was sent: nobody logs the largest number there is."""
    return math.copysign(math.inf, value) if abs(value) == _LARGEST else value
