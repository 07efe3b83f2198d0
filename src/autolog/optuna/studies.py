"""The run of a study: opened once, gone on with, and what its trials make known about it."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ...store.errors import StoreError
from ...tracking import lifetime
from ...tracking.active import active_settings
from ...tracking.api import surrounding_run
from ...tracking.contain import contained
from ...tracking.context import current
from ...tracking.opening import open_elsewhere, store_of
from ..fit import Fit, begin_fit
from ..sink import Log
from .best import best_of, is_feasible
from .facts import described, names_of_values, user_attributes
from .sharing import address, digest, shared_run
from .trials import Standing, TrialRun

if TYPE_CHECKING:
    from ...tracking.runs import ActiveRun

_UNNAMED = "no-name-"  # how Optuna begins the names that it makes up


class StudyRun:
    """What this process knows of a study that it records. Safe for use from any thread."""

    def __init__(self, study: Any, address: str | None, token: str) -> None:
        """``token`` stands for this study and no other, in every process that can have it."""
        self.address = address
        self.name = "study" if study.study_name.startswith(_UNNAMED) else study.study_name
        self._token = token
        self._lock = threading.RLock()
        self._fit: Fit | None = None
        self._above: ActiveRun | None = None
        self._users = 0
        self._held = self._begun = False
        self._standing: dict[int, Standing] = {}  # by thread
        self._trials: dict[int, TrialRun] = {}
        self._marked: dict[int, Log] = {}
        self._best = best_of(study, study.get_trials(deepcopy=False))
        self._best_params: Mapping[str, Any] = {}

    def is_of_another(self, study: Any) -> bool:
        """Whether this was a study that is deleted: the one of its name has not begun yet."""
        return self._begun and not study.get_trials(deepcopy=False)

    @property
    def log(self) -> Log:
        return Log(self._fit.run if self._fit else None)

    def trial(self, number: int) -> TrialRun | None:
        """A trial that is under way in this process."""
        return self._trials.get(number)

    def attribute(self, key: str, value: Any) -> None:
        self.log.tags(user_attributes({key: value}))

    # From the first trial to the last

    def enter(self, study: Any) -> None:
        """Somebody works on the study: open its run, or go on with it. Then `leave`, once."""
        with self._lock:
            if self._fit is None or self._fit.run.ended:
                self._fit, self._users, self._held = self._open(study), 0, False
                self._fit.run.before_end(lambda run: self._complete())
                self.log.tags({"autolog.framework": "optuna"})
            self._users += 1
            self.log.params(described(study, self.address))
            self.log.tags(user_attributes(study.user_attrs))

    def leave(self, error: BaseException | None) -> None:
        """That work is done, or broke off with ``error``; the run ends when nobody is left."""
        with self._lock:
            self._users -= 1
            if self._users <= 0:
                self._finish(error)

    def hold(self, study: Any) -> None:
        """Work that nobody says the end of: it lasts as long as the study, or the run it is in."""
        with self._lock:
            if self._held and self._fit is not None and not self._fit.run.ended:
                return
            self.enter(study)
            self._held = True
            weakref.finalize(study, self._release).atexit = False
            if self._above is not None:
                self._above.before_end(lambda run: self._release())

    def _release(self) -> None:
        with contained("ending the run of a study"), self._lock:
            if self._held:
                self._held = False
                self.leave(None)

    def _finish(self, error: BaseException | None) -> None:
        assert self._fit is not None
        if not self._fit.owned:  # the user's run goes on
            self._complete()
        self._fit.end(error)

    def _complete(self) -> None:
        for number in list(self._trials):
            if trial := self._take(number):
                trial.failed("the study ended before this trial did", "KILLED")
        best, self._best_params = self._best_params, {}
        self.log.params({f"best_{name}": value for name, value in best.items()})

    def _open(self, study: Any) -> Fit:
        above, before = surrounding_run(), self._above
        self._above = above
        if self.address is not None and above is None:
            return Fit(shared_run(study, self.name, digest(self._token)), owned=True)
        if self._fit is not None and self._fit.owned and above is before and (again := _again(self._fit.run)):
            return Fit(again, owned=True)
        if self.address is None:
            return begin_fit(self.name)
        assert above is not None
        if not current().handed_out and above.takes_fit():
            return Fit(above, owned=False)
        run = above.child(self.name, id=digest(above.id, self._token))  # where other workers meet
        lifetime.opened(run)
        return Fit(run, owned=True)

    # Trials

    def begin(self, number: int) -> TrialRun:
        """A trial is about to be evaluated."""
        study = self.log
        log = study.child(f"trial {number}", id=self._id(number)) if study.settings.trials else Log(None)
        trial = self._trials[number] = TrialRun(log, number)
        self._begun = True
        return trial

    def stand_in(self, trial: TrialRun) -> None:
        """Until it is told, what this thread does belongs to the trial it asked for.

        Unless it asked for several: then nobody knows which.
        """
        trial.asker = me = threading.get_ident()
        if me in self._standing:
            self._standing.pop(me).leave()
        alone = all(other is trial or other.asker != me for other in list(self._trials.values()))
        if alone and trial.log.run is not None:
            trial.standing = self._standing[me] = Standing(trial.log.run)

    def told(
        self, study: Any, number: int, state: str, values: Sequence[float] | None, message: str = ""
    ) -> None:
        """A trial ended; ``values`` are those that Optuna keeps."""
        trial = self._take(number)
        if trial is None:
            return
        named = dict(zip(names_of_values(study), values or (), strict=False))
        if state == "COMPLETE" and values is not None:
            with self._lock:
                self._judge(study, trial, values)
                self.log.metrics(named | self._best_so_far(number), step=number)
        trial.told(state, named, message)

    def _take(self, number: int) -> TrialRun | None:
        """A trial that is about to end."""
        trial = self._trials.pop(number, None)
        if trial is not None and trial.standing is not None:
            trial.standing.leave()
        return trial

    def _judge(self, study: Any, trial: TrialRun, values: Sequence[float]) -> None:
        """Mark the trial if it is among the best, and no longer those it beats.

        It is marked before the others are looked at: of two processes one sees both.
        """
        known = trial.number in self._best  # it was there when we came
        if not known and not self._best.takes(values):
            return
        trial.log.tags({"autolog.best": "true"})
        self._marked[trial.number] = trial.log
        trials = study.get_trials(deepcopy=False)
        frozen = trials[trial.number]
        if known or self.address is not None:  # there others may have found better ones
            self._best = best_of(study, [other for other in trials if other is not frozen])
        beaten = set(self._marked)
        if is_feasible(frozen) and self._best.takes(values):
            beaten.update(self._best.add(trial.number, values))
        for other in beaten:
            if other not in self._best:
                self._unmark(other)
        one = self._best.one
        self._best_params = trials[one[0]].params if one else {}

    def _unmark(self, number: int) -> None:
        log = self._marked.pop(number, None) or self._trial_of_others(number)
        log.tags({"autolog.best": None})

    def _trial_of_others(self, number: int) -> Log:
        id, run = self._id(number), self.log.run
        with suppress(StoreError):
            if self.address is not None and run is not None and run.store is not None:
                return Log(_elsewhere(run, id, run.store.get(id).name))
        return Log(None)

    def _best_so_far(self, number: int) -> dict[str, float]:
        best = self._best.one
        if best is None:
            return {}
        return {"best_value": best[1]} | ({"best_trial": number} if best[0] == number else {})

    def _id(self, number: int) -> str:
        """The same in every process that may meet the trial."""
        assert self._fit is not None
        return digest(self._fit.run.id, self._token, number)


def _again(run: ActiveRun) -> ActiveRun | None:
    """A run of this process that ended, to go on with; None if recording goes elsewhere now."""
    if run.store is None or run.store is not store_of(active_settings()):
        return None
    return _elsewhere(run, run.id, run.name, resumed=True)


def _elsewhere(run: ActiveRun, id: str, name: str, *, resumed: bool = False) -> ActiveRun:
    """A run in the same place as ``run``."""
    where = {"address": run.writer.address, "name": name, "experiment": run.experiment}
    return open_elsewhere(active_settings(), id, resumed=resumed, **where)


_studies: weakref.WeakKeyDictionary[Any, StudyRun] = weakref.WeakKeyDictionary()
_stored: dict[str, StudyRun] = {}


def known(study: Any) -> StudyRun | None:
    """The study's entry, if it was ever recorded here."""
    return _studies.get(study)


def study_run(study: Any) -> StudyRun:
    """The study's entry; a new one if it was not recorded before. Loaded twice, it is one study."""
    found = _studies.get(study)
    if found is None:
        place = address(study)
        new = _in_memory(study) if place is None else _in_storage(study, place)
        found = _studies.setdefault(study, new)  # another thread may have been first
    return found


def _in_memory(study: Any) -> StudyRun:
    return StudyRun(study, None, os.urandom(8).hex())


def _in_storage(study: Any, place: str) -> StudyRun:
    token = f"{place} {study.study_name}"
    found = _stored.get(token)
    if found is not None and found.is_of_another(study):
        _stored.pop(token, None)
    return _stored.get(token) or _stored.setdefault(token, StudyRun(study, place, token))
