"""What the process of a search knows of its trials, and adds to them.

It adds what only the whole trial has: mean and standard deviation, the end, the rank.
Folds that ran here are reported by the hook; those of workers are read from their files
(see `tail`); what neither told is filled in at the end of its batch.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from numpy import ndarray

from ...store.events import End, Metrics, Start, Tags, read_number
from .folds import Fold, scores, summary, times
from .progress import ProgressLine
from .scope import TrialScope
from .tail import Tail
from .trials import Parameters, open_trial, record_fold, trial_id

if TYPE_CHECKING:
    from ..sink import Log

Result = Mapping[str, Any]
"""What `_fit_and_score` returns."""


class Trial:
    """``begun`` and ``ended`` are true when it was so done anywhere, here or in a worker."""

    def __init__(self, search: str, number: int, parameters: Parameters) -> None:
        self.id = trial_id(search, number)
        self.number = number
        self.parameters = parameters
        self.folds: dict[int, Fold] = {}
        self.summary: dict[str, float] = {}
        self.begun = self.ended = False
        self.log: Log | None = None


class Search:
    """A search under way in this process. Safe for use from any thread."""

    def __init__(
        self, log: Log, *, leading: str = "", tail: Tail | None = None, progress: ProgressLine | None = None
    ) -> None:
        """``leading`` names the scorer that decides which trial is best, if there are several."""
        self.id = os.urandom(8).hex()  # not the run's: one run may be resumed and search again
        self.log = log
        self._splits = 0  # folds of each trial; not known before the first one begins
        self._results: Mapping[str, Any] = {}
        self._tail = tail
        self._leading = f"mean_test_{leading}"
        self._progress = progress
        self._best: float | None = None
        self._trials: list[Trial] = []
        self._rows: list[Trial] = []  # one for each row of cv_results_
        self._by_id: dict[str, Trial] = {}
        self._lock = threading.RLock()

    def begin(self, candidates: Sequence[Parameters]) -> TrialScope:
        """A batch of candidates is about to be evaluated."""
        first = len(self._trials)
        batch = [Trial(self.id, number, given) for number, given in enumerate(candidates, first)]
        with self._lock:
            self._trials += batch
            self._by_id.update({trial.id: trial for trial in batch})
        return TrialScope(self.id, first)

    # Reports

    def trial(self, number: int, splits: int) -> Log:
        """The run of a trial that has so many folds; opened by the first who asks."""
        with self._lock:
            self._splits = splits
            return self._log(self._trials[number])

    def fold(self, number: int, fold: int, metrics: Fold, *, failed: bool) -> None:
        """A fold ran in this process and is recorded."""
        with self._lock:
            trial = self._trials[number]
            trial.ended |= failed
            self._add(trial, fold, metrics)

    def failed(self, number: int) -> None:
        """A fold raised, which breaks off the search; the trial is ended."""
        self._trials[number].ended = True

    def catch_up(self) -> None:
        """Take in what workers have recorded since the last time."""
        if self._tail is None:
            return
        with self._lock:
            for id, event in self._tail.poll():
                if id in self._by_id:
                    self._take(self._by_id[id], event)

    def _take(self, trial: Trial, event: Start | Tags | Metrics | End) -> None:
        trial.begun = True
        if isinstance(event, Tags):
            self._splits = int(event.tags.get("autolog.folds") or self._splits)
        elif isinstance(event, End):
            trial.ended = True
        elif isinstance(event, Metrics):
            values = {name: read_number(value) for name, value in event.metrics.items()}
            self._add(trial, event.step, values)

    def _add(self, trial: Trial, fold: int, metrics: Fold) -> None:
        """The last fold completes its trial."""
        if fold in trial.folds:
            return
        trial.folds[fold] = metrics
        if len(trial.folds) == self._splits and not trial.ended:
            self._complete(trial)
        self._show()

    def _complete(self, trial: Trial) -> None:
        trial.summary = summary([trial.folds[k] for k in range(self._splits)])
        self._log(trial).metrics(trial.summary, step=0)
        self._end(trial)
        score = next((v for k, v in trial.summary.items() if k.startswith(self._leading)), math.nan)
        if not math.isnan(score):
            self._best = score if self._best is None else max(self._best, score)

    def _end(self, trial: Trial) -> None:
        trial.ended = True
        self._log(trial).end()

    def _log(self, trial: Trial) -> Log:
        if trial.log is None and trial.begun:  # the params are there
            trial.log = self.log.child(f"trial {trial.number}", id=trial.id)
        elif trial.log is None:
            trial.log = open_trial(self.log, self.id, trial.number, trial.parameters, self._splits)
            trial.begun = True
        return trial.log

    def _show(self) -> None:
        if self._progress is not None and self._progress.due():
            trials = sum(trial.ended for trial in self._trials), len(self._trials)
            folds = sum(len(trial.folds) for trial in self._trials), len(self._trials) * self._splits
            self._progress.show(trials, folds, self._best)

    # The end of a batch, and of the search

    def settle(
        self, out: Sequence[Result], splits: int, results: Mapping[str, Any], extra: Iterable[str]
    ) -> None:
        """Log everything about the last batch that nobody has logged yet.

        ``out`` holds the results of all folds so far, ``splits`` for each candidate, ``results``
        is ``cv_results_`` so far, and ``extra`` names the columns the search itself adds.
        """
        self.catch_up()
        self._splits, self._results = splits, results
        first, rows = len(self._rows), len(out) // splits
        columns = _columns(results, rows, lambda name: name.startswith(("mean_", "std_")) or name in extra)
        with self._lock:
            self._rows += self._trials[first - rows :]
            for row in range(first, rows):
                folds = out[row * splits : (row + 1) * splits]
                self._settle(self._rows[row], folds, {name: values[row] for name, values in columns.items()})

    def _settle(self, trial: Trial, folds: Sequence[Result], final: Mapping[str, float]) -> None:
        log = self._log(trial)
        for fold, result in enumerate(folds):
            if fold not in trial.folds:
                trial.ended |= bool(result.get("fit_error"))
                trial.folds[fold] = record_fold(log, fold, result)
            known = trial.folds[fold]
            late = {name: v for name, v in (times(result) | scores(result)).items() if name not in known}
            if late:
                log.metrics(late, step=fold)
        late = {name: v for name, v in final.items() if not _same(trial.summary.get(name), v)}
        if late:
            log.metrics(late, step=0)
        if not trial.ended:
            self._end(trial)

    def rank(self) -> None:
        """The rank of each trial, which is final when the last batch is in."""
        ranks = _columns(self._results, len(self._rows), lambda name: name.startswith("rank_"))
        for row, trial in enumerate(self._rows):
            self._log(trial).metrics({name: values[row] for name, values in ranks.items()}, step=0)

    def mark_best(self, row: int) -> None:
        self._log(self._rows[row]).tags({"autolog.best": "true"})

    def close(self) -> None:
        """The search is over. If it broke off, trials that began will not go on."""
        self.catch_up()
        if self._progress is not None:
            self._progress.wipe()
        with self._lock:
            for trial in self._trials:
                if trial.begun and not trial.ended:
                    self._log(trial).end("KILLED", "the search ended before this trial did")
                    trial.ended = True


def _columns(results: Mapping[str, Any], rows: int, wanted: Callable[[str], bool]) -> dict[str, list[float]]:
    """The columns of numbers, as Python's. One of another length is not about the rows."""
    return {
        name: values.tolist()
        for name, values in results.items()
        if wanted(name) and isinstance(values, ndarray) and values.dtype.kind in "iuf" and len(values) == rows
    }


def _same(logged: float | None, value: float) -> bool:
    return logged is not None and (logged == value or (math.isnan(logged) and math.isnan(value)))
