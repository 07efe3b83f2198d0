"""Opening runs: at the top, nested, again, or in the name of another process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ..store.errors import InvalidName, StoreError
from ..store.events import Event, Number
from ..store.log import new_id
from . import lifetime
from .contain import contained, store_failed
from .provenance import record_environment
from .runs import ActiveRun
from .settings import Settings, default_experiment

if TYPE_CHECKING:
    from ..store.base import RunWriter, Store


class Discarded:
    """The writer of a run whose store cannot be written: everything goes nowhere."""

    address = ""

    def __init__(self, id: str | None = None) -> None:
        self.id = id or new_id()

    def point(self, key: str, step: int, time: int, value: Number) -> None:
        return None

    def points(self, points: Iterable[tuple[str, int, int, Number]]) -> None:
        return None

    def write(self, *events: Event) -> None:
        return None

    @contextmanager
    def artifact(self, path: str) -> Iterator[Path]:
        with TemporaryDirectory() as folder:
            yield Path(folder) / "artifact"

    def discard(self, path: str) -> None:
        return None

    def child(self, name: str, *, id: str | None = None) -> Discarded:
        return Discarded(id)

    def close(self) -> None:
        return None


def open_top(
    settings: Settings, name: str, *, experiment: str | None = None, fits: str | None = None
) -> ActiveRun:
    """A run of its own, in the store and experiment of the settings."""
    experiment = experiment or settings.experiment or default_experiment()
    store = None
    writer: RunWriter = Discarded()
    try:
        store = store_of(settings)
        writer = store.create(experiment, name)
    except InvalidName:
        raise
    except (OSError, StoreError) as error:
        store_failed(error)
    run = ActiveRun(writer, name=name, experiment=experiment, store=store, fits=fits or settings.fits)
    lifetime.opened(run)
    record_environment(run, settings)
    return run


def open_child(parent: ActiveRun, name: str, *, id: str | None = None, fits: str = "auto") -> ActiveRun:
    """A run nested in an open one."""
    writer: RunWriter = Discarded(id)
    try:
        writer = parent.writer.child(name, id=id)
    except (OSError, StoreError) as error:
        store_failed(error)
    run = ActiveRun(
        writer, name=name, experiment=parent.experiment, store=parent.store, parent=parent, fits=fits
    )
    if id is None:  # otherwise it is several processes' run, and no single one's end ends it
        lifetime.opened(run)
    return run


def open_below(settings: Settings, parent: str, name: str, *, fits: str) -> ActiveRun:
    """A run nested in one that is not open here. Raises RunNotFound."""
    store = store_of(settings)
    above = store.get(parent)
    writer = store.create(above.experiment, name, parent=above.id)
    run = ActiveRun(writer, name=name, experiment=above.experiment, store=store, fits=fits)
    lifetime.opened(run)
    return run


def open_again(settings: Settings, id: str, *, fits: str) -> ActiveRun:
    """A run that ended or was interrupted, to go on with. Raises RunNotFound."""
    store = store_of(settings)
    before = store.get(id)
    writer = store.join(before.id, resumed=True)
    run = ActiveRun(
        writer,
        name=before.name,
        experiment=before.experiment,
        store=store,
        fits=fits,
        seen=_last_step(store, before.id),
    )
    lifetime.opened(run)
    return run


def open_elsewhere(
    settings: Settings, id: str, *, address: str, name: str, experiment: str, resumed: bool = False
) -> ActiveRun:
    """A run that another process has open. Nothing is written until there is something to say.

    With ``resumed`` it goes on here too, ended or not, and ends with this process.
    """
    store = None
    writer: RunWriter = Discarded(id)
    with contained("joining the run of the process above"):
        store = store_of(settings)
        writer = store.join(id, address=address, resumed=resumed)
    run = ActiveRun(writer, name=name, experiment=experiment, store=store)
    if resumed:
        lifetime.opened(run)
    return run


def store_of(settings: Settings) -> Store:
    """The store that the settings name; one object for each address."""
    from ..store.opening import open_store

    store = _stores.get(settings.store)
    if store is None:
        store = _stores[settings.store] = open_store(settings.store)
    return store


_stores: dict[str, Store] = {}


def _last_step(store: Store, id: str) -> Callable[[str], int | None]:
    """For a metric's name, the highest step the run has it at."""

    def last(key: str) -> int | None:
        return max(store.points(id, key).step, default=None)

    return last
