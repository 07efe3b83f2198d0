"""What a store is: the interface that the folder, the server and the tests share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, NamedTuple, Protocol

from .events import Event, Number, Scalar
from .points import Buckets, Points

if TYPE_CHECKING:
    from .experiments.base import Experiments
    from .intake import Intake
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

    def discard(self, path: str) -> None:
        """Remove a file or folder of the run's. Raises ArtifactNotFound, InvalidName."""

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


class Last(NamedTuple):
    """The value of a metric that was logged last; ``time`` is in milliseconds."""

    value: float
    step: int
    time: int


@dataclass(frozen=True)
class RunData:
    """Everything about a run but its points and its files. Times are milliseconds.

    ``kind`` is "run", or "model" for what an MLflow client logs as a model of its own: a run
    nested in the one that it came from, which searches leave out unless asked.
    """

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
    kind: str = "run"
    deleted: bool = False


class Store(Protocol):
    """Where runs are kept.

    Safe for use from any thread. What `create` and `join` wrote is seen by the next
    read, from this process or another. Errors are those of `store.errors`, the same for
    every implementation.
    """

    uri: str

    def create(
        self,
        experiment: str,
        name: str,
        *,
        parent: str | None = None,
        id: str | None = None,
        time: int | None = None,
        kind: str = "run",
    ) -> RunWriter:
        """Begin a run; with ``parent`` (a run's id) a nested one, in the parent's experiment.

        ``id`` and ``time`` (milliseconds) are for runs that were begun elsewhere. Raises
        RunNotFound, InvalidName, OSError.
        """

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
        offset: int = 0,
    ) -> list[RunData]:
        """Runs of every depth that match; the newest first unless ordered otherwise.

        Without the first ``offset`` of them. Raises FilterError, and ExperimentNotFound for
        an unknown experiment.
        """

    def get(self, id: str, *, deleted: bool = False) -> RunData:
        """One run, by its id or a beginning of it that only one run has. RunNotFound.

        With ``deleted`` also one that is deleted, as long as its bytes are not freed.
        """

    def latest(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, Last]]:
        """The last value of each metric of these runs with its step and time, by run and key.

        Runs without metrics, and those that are not known, are missing.
        """

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

    def models(self, *ids: str) -> list[LoggedModel]:
        """The models that runs logged, run by run and by their paths. Raises RunNotFound."""

    def model(self, id: str) -> LoggedModel:
        """A model by the id that it got when it was logged. Raises ModelNotFound, RunNotFound."""

    def settle(self) -> None:
        """Nothing more is written for now: bring what was to where readers look.

        They would see it without this, too; a store that ships waits a while until it arrived.
        """

    @property
    def experiments(self) -> Experiments:
        """What the runs are grouped in."""

    @property
    def registry(self) -> Registry:
        """The registered models."""

    @property
    def intake(self) -> Intake:
        """Where the log of runs that were recorded elsewhere comes in."""


class Entry(NamedTuple):
    """A file or folder of a run. ``path`` begins at the run, ``size`` is in bytes, 0 for a folder."""

    path: str
    is_dir: bool
    size: int


class ArtifactFolder(Protocol):
    """The files of one run. Iterating gives relative paths, with ``/``, sorted."""

    def __iter__(self) -> Iterator[str]: ...

    def entries(self, path: str = "") -> list[Entry]:
        """What lies directly in a folder of the run, by name; nothing for a file or no such folder."""

    def open(self, name: str) -> BinaryIO:
        """A file to read from, which seeks. Raises ArtifactNotFound, also for a folder."""

    def path(self, name: str) -> Path:
        """A local path to read the file (or folder) from. Raises ArtifactNotFound."""
