"""Copying the runs of one experiment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from ..base import Last, LoggedModel, RunData, RunWriter, Store
from ..errors import RunNotFound, StoreError, StoreUnavailable
from ..events import Delete, Model
from ..log import now
from . import files
from .delivery import deliver
from .differences import alike, is_over, said, standing, stands_alike
from .pages import by_id, pages
from .pen import Pen, deleted
from .place import Place
from .points import NONE, lacking
from .report import Report

_PATIENCE = 3
"""Runs in a row that a store may be away for; then it is."""


class _Page(NamedTuple):
    """What is asked for many runs at once."""

    known: Mapping[str, RunData]  # of those that the target has
    here: Mapping[str, Mapping[str, Last]]  # the last points of runs that ended alike on both sides
    there: Mapping[str, Mapping[str, Last]]
    models: Sequence[LoggedModel]  # in the source; a run's without those that are runs of their own

    def has_points(self, run: str, key: str) -> bool:
        """Whether the target has the last point of a run that ended, so all before it, too."""
        return alike(self.here.get(run, {}).get(key), self.there.get(run, {}).get(key))


class Runs:
    """Copies runs into a ``place``. ``step`` hears of each run that is done.

    A run whose parent is not there yet waits for it: parents nearly always began earlier.
    """

    def __init__(
        self,
        source: Store,
        target: Store,
        place: Place,
        report: Report,
        *,
        step: Callable[[], None],
        dry: bool,
    ) -> None:
        self._source = source
        self._target = target
        self._place = place
        self._report = report
        self._step = step
        self._dry = dry
        self._there: set[str] = set()
        self._failed: set[str] = set()
        self._away = 0

    def copy(self, name: str, *, all_deleted: bool) -> None:
        """All runs of the source's experiment; with ``all_deleted`` because the experiment is."""
        waiting: list[RunData] = []
        for page in pages(self._source, name):
            found = [replace(run, deleted=False) for run in page] if all_deleted else page
            waiting = self._copy_ready([*waiting, *found])
        while waiting:
            waiting = self._copy_orphan(waiting)

    def _copy_ready(self, runs: list[RunData]) -> list[RunData]:
        """Copy those whose parents are there, and theirs; returns the others."""
        known = self._known(runs)
        self._there |= known.keys()
        while ready := [run for run in runs if self._is_ready(run)]:
            chosen = {run.id for run in ready}
            self._copy_together(ready, known)
            runs = [run for run in runs if run.id not in chosen]
        return runs

    def _is_ready(self, run: RunData) -> bool:
        return run.parent_id is None or run.parent_id in self._there

    def _known(self, runs: Iterable[RunData]) -> Mapping[str, RunData]:
        """What the target knows of these runs and of the runs above them."""
        wanted = {id for run in runs for id in (run.id, run.parent_id) if id}
        known = by_id(self._target, wanted)
        if not self._place.holds_deleted:
            return known
        return {id: replace(run, deleted=False) for id, run in known.items()}

    def _copy_together(self, runs: Sequence[RunData], known: Mapping[str, RunData]) -> None:
        ended = [run.id for run in runs if run.id in known and _ended_alike(run, known[run.id])]
        models = _own_models(self._source, [run.id for run in runs])
        page = _Page(known, self._source.latest(ended), self._target.latest(ended), models)
        written = [run for run in runs if self._copy_one(run, page)]
        if written and not self._dry:
            self._check(written)

    def _copy_orphan(self, waiting: Sequence[RunData]) -> list[RunData]:
        """See to a run whose parent will not come, and to those below it; returns the others."""
        ids = {run.id for run in waiting}
        run = next((run for run in waiting if run.parent_id not in ids), waiting[0])
        if run.parent_id in self._failed:
            self._failure(run, f"its parent {run.parent_id} could not be copied")
        else:
            self._report.notes.append(
                f"run {run.id} {run.name!r} is copied as a run of its own: there is no run {run.parent_id}"
            )
            self._copy_together([replace(run, parent_id=None)], self._known([run]))
        return self._copy_ready([other for other in waiting if other.id != run.id])

    # One run

    def _copy_one(self, run: RunData, page: _Page) -> bool:
        """Whether something was written."""
        known = page.known.get(run.id)
        pen = Pen(partial(self._opened, run, known), self._report, dry=self._dry)
        try:
            self._write(run, known, pen, page)
        except (StoreError, OSError, ValueError) as error:
            self._failure(run, str(error))
            self._away = self._away + 1 if isinstance(error, StoreUnavailable) else 0
            if self._away == _PATIENCE:
                raise
            return False
        finally:
            pen.close()
            self._step()
        self._away = 0
        self._there.add(run.id)
        self._report.runs.count(new=known is None, changed=pen.used)
        return pen.used

    def _opened(self, run: RunData, known: RunData | None) -> RunWriter:
        self._place.open()
        if known is None:
            return self._target.create(
                run.experiment,
                run.name,
                parent=run.parent_id,
                id=run.id,
                time=run.start_time,
                kind=run.kind,
            )
        writer = self._target.join(run.id)
        if known.deleted:
            writer.write(Delete(run=0, time=now(), deleted=False))
        return writer

    def _write(self, run: RunData, known: RunData | None, pen: Pen, page: _Page) -> None:
        """How it ended comes last: a run that ended is complete."""
        if known is None:
            pen.begin()
        pen.write(*said(run, known))
        self._write_points(run, known, pen, page)
        self._write_files(run, known, pen)
        pen.write(*self._models(run, known, page))
        pen.write(*standing(run, known))
        pen.write(*deleted(run, known, touched=pen.used))

    def _write_points(self, run: RunData, known: RunData | None, pen: Pen, page: _Page) -> None:
        for key in run.metrics:
            if page.has_points(run.id, key):
                continue
            there = self._target.points(run.id, key) if known is not None and key in known.metrics else NONE
            pen.points(key, lacking(self._source.points(run.id, key), there))

    def _write_files(self, run: RunData, known: RunData | None, pen: Pen) -> None:
        folder = self._source.artifacts(run.id)
        there = None if known is None else self._target.artifacts(run.id)
        for entry in files.lacking(folder, there):
            pen.file(entry.path, entry.size, partial(files.write, folder, entry.path))

    def _models(self, run: RunData, known: RunData | None, page: _Page) -> list[Model]:
        mine = [model for model in page.models if model.run_id == run.id]
        there = {model.id for model in _own_models(self._target, [run.id])} if mine and known else set()
        return [_event(model) for model in mine if model.id not in there]

    # What went wrong

    def _check(self, written: Sequence[RunData]) -> None:
        """A server may take in what it is sent much later, and refuse it."""
        deliver(self._target)
        known = self._known(written)
        for run in written:
            there = known.get(run.id)
            if there is None or not stands_alike(run, there) or len(there.metrics) < len(run.metrics):
                self._there.discard(run.id)
                self._failure(run, f"{self._target.uri} did not take all of it")

    def _failure(self, run: RunData, reason: str) -> None:
        self._failed.add(run.id)
        self._report.failures.append(f"run {run.id} {run.name!r}: {reason}")


def _own_models(store: Store, ids: Sequence[str]) -> list[LoggedModel]:
    """Those of these runs, without models that are runs of their own. A run that is gone by now has none."""
    mine = set(ids)
    try:
        return [model for model in store.models(*ids) if model.run_id in mine]
    except RunNotFound:
        half = len(ids) // 2
        return [*_own_models(store, ids[:half]), *_own_models(store, ids[half:])] if half else []


def _ended_alike(run: RunData, known: RunData) -> bool:
    return is_over(run) and stands_alike(run, known)


def _event(model: LoggedModel) -> Model:
    notes = list(model.notes)
    return Model(run=0, time=model.time, id=model.id, path=model.path, flavor=model.flavor, notes=notes)
