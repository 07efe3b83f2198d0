"""One trial of a search: its run, and what each fold adds to it.

Whoever fits a fold records it, be it a worker or the search's own process.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .folds import Fold, error_of, scores, times

if TYPE_CHECKING:
    from ..sink import Log

Parameters = Mapping[str, Any]

_KEPT_OPEN = 100  # trials a worker has at hand; one that comes later is opened again


def trial_id(search: str, number: int) -> str:
    """The same in every process, so that all the folds of a trial meet in one run."""
    return hashlib.blake2b(f"{search} {number}".encode(), digest_size=8).hexdigest()


def open_trial(log: Log, search: str, number: int, parameters: Parameters, folds: int) -> Log:
    """A nested run of the search's run ``log``, with its parameters."""
    trial = log.child(f"trial {number}", id=trial_id(search, number))
    trial.params(parameters)
    trial.tags({"autolog.trial": number, "autolog.folds": folds})
    return trial


def record_fold(trial: Log, fold: int, result: Mapping[str, Any]) -> Fold:
    """What `_fit_and_score` returned, as step ``fold`` of the trial; gives what was logged.

    The scores of a failed fit are left to the end of the batch: with a scoring function
    of the user's, scikit-learn learns only then which ones there are.
    """
    failure = result.get("fit_error")
    if failure and trial.run is not None and not trial.run.ended:
        # Before the metrics: who has seen these knows that the trial failed.
        trial.text(failure, "traceback.txt")
        trial.end("FAILED", error_of(failure))
    metrics = times(result) if failure else times(result) | scores(result)
    trial.metrics(metrics, step=fold)
    return metrics


class WorkerTrials:
    """The trials that a worker has open. Two threads may open one twice, to no harm."""

    def __init__(self) -> None:
        self._logs: OrderedDict[tuple[str, int], Log] = OrderedDict()

    def get(self, log: Log, search: str, number: int, parameters: Parameters, folds: int) -> Log:
        trial = self._logs.get((search, number))
        if trial is None:
            trial = self._logs[search, number] = open_trial(log, search, number, parameters, folds)
            if len(self._logs) > _KEPT_OPEN:
                self._logs.popitem(last=False)
        return trial
