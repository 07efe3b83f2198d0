"""Runs as users read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, SupportsIndex, overload

from .base import ArtifactFolder, Input, LoggedModel, RunData, Store
from .events import Scalar
from .points import Points
from .query import nested_in

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False, eq=False)
class Run:
    """A run as it was when it was read; `history`, `children`, `artifacts` and `models` read anew.

    ``metrics`` holds the last value of each metric. Times are in UTC, ``end_time`` is None
    while the run goes on; ``stale`` says that it is RUNNING, yet its process is gone.
    ``error`` begins ``ExceptionType: message``. Two are equal when they are the same run
    of the same store.
    """

    id: str
    name: str
    experiment: str
    status: str
    stale: bool
    parent_id: str | None
    start_time: datetime | None
    end_time: datetime | None
    error: str | None
    params: Mapping[str, Scalar]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    inputs: Sequence[Input]
    store: Store

    @classmethod
    def of(cls, data: RunData, store: Store) -> Run:
        return cls(
            data.id,
            data.name,
            data.experiment,
            data.status,
            data.stale,
            data.parent_id,
            _moment(data.start_time),
            _moment(data.end_time),
            data.error,
            data.params,
            data.metrics,
            data.tags,
            data.inputs,
            store,
        )

    @property
    def duration(self) -> float | None:
        """Seconds from start to end; None while the run goes on."""
        if self.start_time is None or self.end_time is None:
            return None
        return (self.end_time - self.start_time).total_seconds()

    def children(self) -> Runs:
        """The runs nested directly in this one, the oldest first."""
        found = self.store.search(nested_in(self.id), order_by=["start_time asc"])
        return Runs(Run.of(child, self.store) for child in found)

    def history(self, key: str) -> Points:
        """Every value of a metric in the order logged, as columns; empty if there is none."""
        return self.store.points(self.id, key)

    def artifacts(self) -> ArtifactFolder:
        """The files of the run."""
        return self.store.artifacts(self.id)

    def models(self) -> list[LoggedModel]:
        """The models that the run logged, with their ids and notes."""
        return self.store.models(self.id)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Run):
            return NotImplemented
        return (self.id, self.store.uri) == (other.id, other.store.uri)

    def __hash__(self) -> int:
        return hash((self.id, self.store.uri))

    def __repr__(self) -> str:
        status = "stale" if self.stale else self.status
        took = "" if self.duration is None else f" in {self.duration:.4g} s"
        return f"<Run {self.id} {self.name!r} of {self.experiment!r}: {status}{took}>"

    def _repr_html_(self) -> str:
        from .display import run_html

        return run_html(self)


class Runs(list[Run]):
    """A list of runs. A notebook shows it as a table."""

    @overload
    def __getitem__(self, index: SupportsIndex) -> Run: ...
    @overload
    def __getitem__(self, index: slice) -> Runs: ...
    def __getitem__(self, index: SupportsIndex | slice) -> Run | Runs:
        chosen = super().__getitem__(index)
        return chosen if isinstance(chosen, Run) else Runs(chosen)

    def to_pandas(self) -> pd.DataFrame:
        """One row a run; params, metrics and tags are columns such as ``metrics.acc``.

        Raises ImportError where pandas is not installed.
        """
        from .display import frame

        return frame(self)

    def _repr_html_(self) -> str:
        from .display import runs_html

        return runs_html(self)


def _moment(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)
