"""Our own API: each endpoint is a method of the store, its experiments or its registry."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from ...web.refused import Refused
from ..base import Store
from ..errors import ArtifactNotFound, InvalidName, StoreError
from ..events import Number, read_number, wire_number
from ..experiments.base import Experiment
from ..wire import own
from ..wire.columns import BucketColumns, PointColumns, packed_buckets, packed_points
from ..wire.endpoint import Endpoint
from .contents import contents_of, folder_listing, listing_of
from .streams import ROUTES

__all__ = ["HANDLERS", "ROUTES"]

Handler = Callable[[Store, Any], Any]


_MOST_BUCKETS = 100_000


def hello(store: Store, asked: own.Question) -> own.Hello:
    return own.Hello(own.VERSION)


def search(store: Store, asked: own.Search) -> list[own.Run]:
    runs = store.search(
        asked.filter,
        experiment=asked.experiment,
        order_by=asked.order_by,
        limit=asked.limit,
        offset=asked.offset,
    )
    return list(map(own.packed_run, runs))


def get_run(store: Store, asked: own.GetRun) -> own.Run:
    return own.packed_run(store.get(asked.id, deleted=asked.deleted))


def latest(store: Store, asked: own.Latest) -> own.LatestAnswer:
    found = store.latest(asked.ids)
    return {
        id: {key: (wire_number(last.value), last.step, last.time) for key, last in metrics.items()}
        for id, metrics in found.items()
    }


def points(store: Store, asked: own.PointsOf) -> PointColumns:
    return packed_points(store.points(asked.id, asked.key))


def buckets(store: Store, asked: own.BucketsOf) -> BucketColumns:
    if asked.n > _MOST_BUCKETS:
        raise Refused(400, "INVALID_PARAMETER_VALUE", f"ask for {_MOST_BUCKETS} parts at most, not {asked.n}")
    start = None if asked.start is None else _number(asked.start)
    end = None if asked.end is None else _number(asked.end)
    return packed_buckets(store.buckets(asked.ids, asked.key, asked.n, x=asked.x, start=start, end=end))


def _number(given: Number) -> float:
    try:
        return read_number(given)
    except (KeyError, OverflowError):
        raise Refused(400, "INVALID_PARAMETER_VALUE", f"{str(given)[:100]!r} is no number") from None


def folder(store: Store, asked: own.ById) -> str:
    return store.intake.folder(asked.id)


# Files


def files(store: Store, asked: own.OfRun) -> list[str]:
    return list(store.artifacts(asked.run))


def entries(store: Store, asked: own.OfRun) -> list[own.Entry]:
    return [own.Entry(*entry) for entry in store.artifacts(asked.run).entries(asked.path)]


def listing(store: Store, asked: own.OfRun) -> own.Listing:
    return listing_of(store.artifacts(asked.run), asked.path)


def place(store: Store, asked: own.Place) -> list[own.Missing]:
    """Answers what is missing; the artifact stands when nothing is."""
    contents = contents_of(store)
    missing = contents.missing(asked.listing)
    if not missing:
        with _in_nobodys_way(asked.path), store.intake.artifact(asked.folder, asked.run, asked.path) as draft:
            contents.assemble(asked.listing, draft)
            home = draft.parent / Path(asked.path).name
        contents.placed(asked.listing, home)
    return missing


@contextmanager
def _in_nobodys_way(path: str) -> Iterator[None]:
    """A file cannot stand below another file; the client cannot mend that by sending it again."""
    try:
        yield
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise InvalidName(f"there is a file in the way of {path!r}") from None


def discard(store: Store, asked: own.Discarded) -> own.Done:
    store.intake.discard(asked.folder, asked.run, asked.path)
    return own.Done()


# Experiments


def experiments(store: Store, asked: own.ListExperiments) -> list[Experiment]:
    deleted = {"no": False, "yes": True, "all": None}[asked.deleted]
    return store.experiments.list(deleted=deleted)


def update_experiment(store: Store, asked: own.UpdateExperiment) -> Experiment:
    return store.experiments.update(asked.id, name=asked.name, tags=asked.tags)


def create_experiment(store: Store, asked: own.CreateExperiment) -> Experiment:
    return store.experiments.create(asked.name, tags=asked.tags)


# Registry


def register(store: Store, asked: own.Register) -> own.Registered:
    """With a listing, the files that came in are copied into the registry."""
    notes: dict[str, Any] = {
        "run_id": asked.run_id,
        "description": asked.description,
        "tags": asked.tags,
    }
    if asked.listing is None:
        return own.Registered(store.registry.register(asked.name, asked.source or "", **notes))
    contents = contents_of(store)
    if missing := contents.missing(asked.listing):
        return own.Registered(missing=missing)
    with TemporaryDirectory(prefix="autolog-") as temporary:
        folder = Path(temporary) / "model"
        contents.assemble(asked.listing, folder)
        return own.Registered(store.registry.register(asked.name, folder, **notes))


def version_files(store: Store, asked: own.ByVersion) -> own.Listing:
    """The files of a version that were copied into the registry."""
    version = store.registry.version(asked.name, asked.version)
    path = store.registry.path(version)
    if not path.is_dir():
        raise ArtifactNotFound(f"version {asked.version} of model {asked.name!r} is no folder")
    return folder_listing(path)


def _of_registry(method: str, answer: Callable[[Any], Any] = lambda found: found) -> Handler:
    """A handler that calls a method of the registry with the fields of the request."""

    def handler(store: Store, asked: own.Question) -> Any:
        return answer(getattr(store.registry, method)(**msgspec.structs.asdict(asked)))

    return handler


def _of_experiments(method: str, answer: Callable[[Any], Any] = lambda found: found) -> Handler:
    def handler(store: Store, asked: own.Question) -> Any:
        return answer(getattr(store.experiments, method)(**msgspec.structs.asdict(asked)))

    return handler


def _explained(handler: Handler) -> Handler:
    """A ValueError is the client's, like those of a local store."""

    def explained(store: Store, asked: own.Question) -> Any:
        try:
            return handler(store, asked)
        except StoreError:
            raise
        except (ValueError, OverflowError) as error:
            raise Refused(400, "ValueError", str(error)) from None

    return explained


def _done(found: object) -> own.Done:
    return own.Done()


_ANSWERS: dict[Endpoint[Any, Any], Handler] = {
    own.HELLO: hello,
    own.SEARCH: search,
    own.GET_RUN: get_run,
    own.LATEST: latest,
    own.POINTS: points,
    own.BUCKETS: buckets,
    own.MODELS: lambda store, asked: store.models(asked.id),
    own.MODEL: lambda store, asked: store.model(asked.id),
    own.FOLDER: folder,
    own.FILES: files,
    own.ENTRIES: entries,
    own.LISTING: listing,
    own.PLACE: place,
    own.DISCARD: discard,
    own.LIST_EXPERIMENTS: experiments,
    own.GET_EXPERIMENT: _of_experiments("get"),
    own.NAMED_EXPERIMENT: _of_experiments("named"),
    own.CREATE_EXPERIMENT: create_experiment,
    own.UPDATE_EXPERIMENT: update_experiment,
    own.DELETE_EXPERIMENT: _of_experiments("delete", _done),
    own.RESTORE_EXPERIMENT: _of_experiments("restore", _done),
    own.CREATE_MODEL: _of_registry("create"),
    own.GET_MODEL: _of_registry("get"),
    own.SEARCH_MODELS: _of_registry("search"),
    own.UPDATE_MODEL: _of_registry("update", _done),
    own.RENAME_MODEL: _of_registry("rename"),
    own.DELETE_MODEL: _of_registry("delete", _done),
    own.REGISTER: register,
    own.GET_VERSION: _of_registry("version"),
    own.VERSIONS: _of_registry("versions"),
    own.BY_ALIAS: _of_registry("version_by_alias"),
    own.VERSION_FILES: version_files,
    own.DELETE_VERSION: _of_registry("delete_version", _done),
    own.SET_ALIAS: _of_registry("set_alias", _done),
    own.DELETE_ALIAS: _of_registry("delete_alias", _done),
    own.ALIAS_HISTORY: _of_registry("alias_history"),
    own.SET_STAGE: _of_registry("set_stage"),
    own.PROMOTE: _of_registry("promote"),
}

HANDLERS = {endpoint: _explained(handler) for endpoint, handler in _ANSWERS.items()}
