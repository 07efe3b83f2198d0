"""A store on a server; see `store.base.Store` for the promises.

Writing needs no network: it goes to a spool, which a thread ships. Reading first sends what this
process wrote, and asks the server then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import msgspec

from ..base import ArtifactFolder, Last, LoggedModel, RunData
from ..errors import InvalidName, StoreUnavailable
from ..events import Start
from ..log import new_id, now
from ..points import Buckets, Points
from ..wire.endpoint import Endpoint
from ..writer import FolderRunWriter, begin, open_folder
from .access import access
from .client import Client
from .experiments import HttpExperiments
from .intake import HttpIntake
from .kinds import Kind, either, target_of
from .reading import OwnReader
from .registry import HttpRegistry
from .shipper import shipper_of
from .spool import Spool

if TYPE_CHECKING:
    from ..experiments.base import Experiments
    from ..mlflow.client import MlflowClient
    from ..mlflow.logged import LoggedReader
    from ..registry.base import Registry

Answered = TypeVar("Answered")

_FLUSH = 60.0
"""Seconds that a reading waits at most for what this process wrote to arrive."""
_WEEK = 604_800.0


class HttpStore:
    """Runs on a server at ``address``; ``token`` proves who asks, see `access.access`."""

    def __init__(self, address: str, *, token: str | None = None) -> None:
        reached = access(address, token=token)
        self._given = address, token
        self.uri = reached.url
        self.client = Client(reached)
        self._kind = Kind(reached)
        self._spool = Spool.of(reached.url)
        self._shipper = shipper_of(self._spool, target_of(reached, self._spool.path))
        self.live_folder = self._spool.store.live_folder

    def __repr__(self) -> str:
        return f"HttpStore({self.uri!r})"

    def __reduce__(self) -> Any:
        return _again, self._given

    # Writing

    def create(
        self,
        experiment: str,
        name: str,
        *,
        parent: str | None = None,
        id: str | None = None,
        time: int | None = None,
        kind: str = "run",
    ) -> FolderRunWriter:
        if parent is None:
            writer = self._spool.store.create(experiment, name, id=id, time=time, kind=kind)
        else:
            above, folder = self._locate(parent)
            start = Start(run=0, time=time or now(), id=id or new_id(), parent=above, name=name, kind=kind)
            writer = begin(folder, start)
        self._shipper.wake(writer.folder)
        return writer

    def join(self, id: str, *, resumed: bool = False, address: str | None = None) -> FolderRunWriter:
        if address is None:
            id, folder = self._locate(id)
        else:
            folder = self._here(address)
        writer = self._spool.store.join(id, resumed=resumed, address=str(folder))
        self._shipper.wake(writer.folder)
        return writer

    def settle(self) -> None:
        """Wait for a while until the server has what this process wrote; say what is left."""
        self._shipper.settle()

    def deliver(self) -> None:
        """Wait until the server has what this process wrote. Raises StoreUnavailable when it is away."""
        self._shipper.flush(_WEEK)

    def _here(self, address: str) -> Path:
        """Where a run goes on this machine; another one's spool may be in another folder."""
        parts = PurePosixPath(address).parts[-2:]
        if len(parts) != 2 or ".." in parts:
            raise InvalidName(f"{address!r} is not where a run is kept")
        return self._spool.path.joinpath(*parts)

    def _locate(self, id: str) -> tuple[str, Path]:
        """The whole id of a run and its folder in the spool."""
        folder = open_folder(self._spool.path, id)
        if folder is not None:
            return id, folder
        try:
            whole, place = self._reader.folder(id)
            return whole, self._here(place)
        except StoreUnavailable:
            local = self._spool.store
            for run in local.search(f"run_id = '{id}'") if id.isalnum() else []:
                return run.id, local.folder_of(run.id)
            raise

    # Reading

    def ask(self, endpoint: Endpoint[Any, Answered], asked: msgspec.Struct) -> Answered:
        """Ask when the server knows what this process wrote. Raises StoreUnavailable when it is away."""
        self._flush()
        return self.client.call(endpoint, asked)

    def _flush(self) -> None:
        self._shipper.flush(_FLUSH)

    @cached_property
    def _reader(self) -> OwnReader | LoggedReader:
        return either(self._kind, OwnReader(self), self._mlflow_reader)

    def _mlflow_reader(self, client: MlflowClient) -> LoggedReader:
        from ..mlflow.logged import LoggedReader

        return LoggedReader(client, self._flush)

    def logged(self, experiment: str) -> Iterator[list[RunData]]:
        """The logged models of an MLflow server, page by page, as runs: a search there does not find them."""
        return self._reader.logged(experiment)

    def search(
        self,
        filter: str = "",
        *,
        experiment: str | None = None,
        order_by: Sequence[str] = (),
        limit: int | None = None,
        offset: int = 0,
    ) -> list[RunData]:
        return self._reader.search(
            filter, experiment=experiment, order_by=order_by, limit=limit, offset=offset
        )

    def get(self, id: str, *, deleted: bool = False) -> RunData:
        return self._reader.get(id, deleted=deleted)

    def latest(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, Last]]:
        return self._reader.latest(ids)

    def points(self, id: str, key: str) -> Points:
        return self._reader.points(id, key)

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
        return self._reader.buckets(ids, key, n, x=x, start=start, end=end)

    def models(self, *ids: str) -> list[LoggedModel]:
        return self._reader.models(*ids)

    def model(self, id: str) -> LoggedModel:
        return self._reader.model(id)

    def artifacts(self, id: str) -> ArtifactFolder:
        return self._reader.artifacts(id)

    @cached_property
    def experiments(self) -> Experiments:
        """What the runs are grouped in."""
        from ..mlflow.experiments import MlflowExperiments

        return either(
            self._kind, HttpExperiments(self), lambda client: MlflowExperiments(client, self._flush)
        )

    @cached_property
    def registry(self) -> Registry:
        """The registered models."""
        from ..mlflow.registry import MlflowRegistry

        return either(
            self._kind, HttpRegistry(self), lambda client: MlflowRegistry(client, self._mlflow_reader(client))
        )

    @cached_property
    def intake(self) -> HttpIntake:
        """Where the log of runs that were recorded elsewhere comes in."""
        return HttpIntake(self.client)


def _again(address: str, token: str | None) -> HttpStore:
    return HttpStore(address, token=token)
