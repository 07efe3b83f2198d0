"""What a store is: the interface that the folder, the server and the tests share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from .events import Event, Number, Scalar
from .points import Buckets, Points

if TYPE_CHECKING:
    from .registry.base import Registry


class RunWriter(Protocol):
    """Adds to one run. What a method was given is kept when it returns.

    Any number of threads and processes may write to one run at once; what one thread
    wrote is read in that order. Every method raises OSError when nothing could be kept,
    and nothing else.
    """

    id: str
    address: str
    """Where the run is kept, for `Store.join` in another process; opaque otherwise."""

    def point(self, key: str, step: int, time: int, value: Number) -> None: ...

    def points(self, points: Iterable[tuple[str, int, int, Number]]) -> None:
        """Many of them (name, step, time and value), in one write."""

    def write(self, *events: Event) -> None: ...

    def artifact(self, path: str) -> AbstractContextManager[Path]:
        """A local path to write a file or folder to; at the end it stands in the run.

        All or nothing: after an error inside the block there is no such artifact.
        Raises InvalidName for a path that leaves the run.
        """

    def child(self, name: str, *, id: str | None = None) -> RunWriter:
        """Begin a nested run. With ``id``, several processes may begin the same one."""

    def close(self) -> None:
        """Nothing more is expected. Writing again is still possible."""


@dataclass(frozen=True)
class Input:
    """A data set that a run read. ``facts`` holds shape, columns, class balance…"""

    name: str
    digest: str
    context: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class LoggedModel:
    """A model that a run logged, at ``path`` among its artifacts. ``id``: ``m-`` and 32 digits.

    ``notes``: what could not be said about it, such as a column of its data that no type
    describes. ``time`` is in milliseconds.
    """

    id: str
    run_id: str
    path: str
    flavor: str
    time: int
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class RunData:
    """Everything about a run but its points and its files. Times are milliseconds."""

    id: str
    name: str
    experiment: str
    status: str
    stale: bool
    parent_id: str | None
    start_time: int | None
    end_time: int | None
    error: str | None
    params: Mapping[str, Scalar] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    inputs: Sequence[Input] = ()


class Store(Protocol):
    """Where runs are kept.

    Safe for use from any thread. What `create` and `join` wrote is seen by the next
    read, from this process or another. Errors are those of `store.errors`, the same for
    every implementation.
    """

    uri: str

    def create(self, experiment: str, name: str, *, parent: str | None = None) -> RunWriter:
        """Begin a run; with ``parent`` (a run's id) a nested one. Raises RunNotFound, OSError."""

    def join(self, id: str, *, resumed: bool = False, address: str | None = None) -> RunWriter:
        """Add to a run that exists; ``resumed`` when it goes on. Raises RunNotFound.

        With the ``address`` that the run's writer has in another process, nothing is
        looked up and nothing is written until there is something to say.
        """

    def search(
        self,
        filter: str = "",
        *,
        experiment: str | None = None,
        order_by: Sequence[str] = (),
        limit: int | None = None,
    ) -> list[RunData]:
        """Runs of every depth that match; the newest first unless ordered otherwise.

        Raises FilterError, and ExperimentNotFound for an unknown experiment.
        """

    def get(self, id: str) -> RunData:
        """One run, by its id or a beginning of it that only one run has. RunNotFound."""

    def points(self, id: str, key: str) -> Points:
        """The whole history of a metric, in the order it was logged; empty if unknown."""

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
        """Lowest, highest, mean and count in ``n`` equal parts of one common axis."""

    def artifacts(self, id: str) -> ArtifactFolder:
        """The files of a run."""

    def models(self, id: str) -> list[LoggedModel]:
        """The models that a run logged, by their paths. Raises RunNotFound."""

    def model(self, id: str) -> LoggedModel:
        """A model by the id that it got when it was logged. Raises ModelNotFound, RunNotFound."""

    @property
    def registry(self) -> Registry:
        """The registered models."""


class ArtifactFolder(Protocol):
    """The files of one run. Iterating gives relative paths, with ``/``, sorted."""

    def __iter__(self) -> Iterator[str]: ...

    def path(self, name: str) -> Path:
        """A local path to read the file (or folder) from. Raises ArtifactNotFound."""
