"""Hyperparameter searches: every candidate is a nested run while the search runs.

Three methods of scikit-learn's are hooked. `_run_search` gets the function that evaluates
a batch of candidates, which is where a batch begins, also in searches of other packages.
`_fit_and_score` fits one fold, in whatever process or thread; the context tells it which
trial that belongs to. `_format_results` sees what all folds gave.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from ...tracking.contain import contained
from ...tracking.context import current, entered
from ...tracking.outcome import outcome
from ..engine import Call, CallFailed, wrap
from . import crossval
from .scope import FoldsScope, SearchScope, TrialScope
from .trials import WorkerTrials, record_fold

if TYPE_CHECKING:
    from ..sink import Log
    from .ledger import Search

_VALIDATION = "sklearn.model_selection._validation"
_SEARCH = "sklearn.model_selection._search"
_searches: dict[tuple[int, str], Search] = {}  # of this process; a forked child finds none
_worker_trials = WorkerTrials()


def patches(module_name: str, module: Any) -> Iterable[AbstractContextManager[Any]]:
    """The hooks for a module that was just imported. `_run_search` is hooked with the classes."""
    if module_name == _VALIDATION:
        yield from crossval.patches(module)
    elif module_name == _SEARCH:
        validation = sys.modules[_VALIDATION]
        yield wrap((validation, "_fit_and_score"), fold)
        yield _same_name(module, validation, "_fit_and_score")
        yield wrap((module.BaseSearchCV, "_format_results"), format_results)


@contextmanager
def _same_name(module: Any, source: Any, name: str) -> Iterator[None]:
    """``module`` imported ``name`` before it was hooked in ``source``: have it use the hooked one.

    One wrapper under both names, since it pickles by the name in ``source``.
    """
    original, hooked = getattr(module, name), getattr(source, name)
    setattr(module, name, hooked)
    yield
    if getattr(module, name) is hooked:
        setattr(module, name, original)


def is_search(estimator: Any) -> bool:
    module = sys.modules.get(_SEARCH)
    return module is not None and isinstance(estimator, module.BaseSearchCV)


@contextmanager
def recorded(estimator: Any, log: Log) -> Iterator[None]:
    """Around the outermost fit of an estimator, which records its trials if it is a search."""
    if not is_search(estimator):
        yield
        return
    with _open(estimator, log) as search:
        with entered(scope=SearchScope(search.id, id(estimator)) if search else None):
            yield
        with contained("recording the outcome of a search"):
            _record_outcome(estimator, log)
        with contained("marking the best trial"):
            if search and _has_best(estimator):
                search.mark_best(estimator.best_index_)


@contextmanager
def _open(estimator: Any, log: Log) -> Iterator[Search | None]:
    """The search's entry in the table of searches under way; None when its trials are not wanted."""
    search = None
    with contained("preparing to record a search"):
        search = _search(estimator, log) if log.active and log.settings.trials else None
    if search is None:
        yield None
        return
    _searches[os.getpid(), search.id] = search
    try:
        yield search
    finally:
        del _searches[os.getpid(), search.id]
        with contained("closing a search"):
            search.close()


def _search(estimator: Any, log: Log) -> Search:
    from .ledger import Search
    from .progress import ProgressLine, terminal
    from .tail import Tail

    leading = estimator.refit if isinstance(estimator.refit, str) else ""
    stream = None if log.settings.silent or estimator.verbose else terminal()
    progress = None if stream is None else ProgressLine(stream)
    return Search(log, leading=leading, tail=Tail.of(log), progress=progress)


def _record_outcome(estimator: Any, log: Log) -> None:
    """What the search found, in its own run."""
    results, rows = estimator.cv_results_, len(estimator.cv_results_["params"])
    numbers = {"n_splits": estimator.n_splits_, "n_candidates": rows}
    if _has_best(estimator):
        log.params({f"best_{name}": value for name, value in estimator.best_params_.items()})
        numbers["best_index"] = estimator.best_index_
        if not callable(estimator.refit):
            numbers["best_score"] = estimator.best_score_
    if estimator.refit:
        numbers["refit_time"] = estimator.refit_time_
    log.metrics(numbers)
    columns = {n: column.tolist() for n, column in results.items() if n != "params" and len(column) == rows}
    log.table(columns, "cv_results.json")


def _has_best(estimator: Any) -> bool:
    """Whether this fit chose a best candidate; the attributes may be left from an earlier one."""
    return bool(estimator.refit) or not estimator.multimetric_


class _Evaluation:
    """`evaluate_candidates` of a search, with a batch of trials around each call."""

    def __init__(self, evaluate: Callable[..., Any], search: Search, estimator: Any) -> None:
        functools.update_wrapper(self, evaluate)
        self._evaluate = evaluate
        self._search = search
        self._estimator = estimator

    def __call__(self, candidate_params: Iterable[Mapping[str, Any]], *args: Any, **kwargs: Any) -> Any:
        candidates = list(candidate_params)  # once: drawing them may use up random numbers
        scope: TrialScope | None = None
        follower: AbstractContextManager[None] = nullcontext()
        with contained("opening the trials of a search"):
            from .follow import Follower, runs_elsewhere

            scope = self._search.begin(candidates)
            if runs_elsewhere(self._estimator):
                follower = Follower(self._search)
        with entered(scope=scope), follower:
            return self._evaluate(candidates, *args, **kwargs)


def run_search(call: Call, log: Log) -> Generator[None, Any, None]:
    """Hook of `_run_search`, in every class that defines one."""
    scope = current().scope
    evaluate = call.args[0] if call.args else None
    ours = isinstance(scope, SearchScope) and scope.estimator == id(call.instance)
    if not ours or evaluate is None or isinstance(evaluate, _Evaluation):  # the last: called by a subclass's
        yield
        return
    search = _searches[os.getpid(), scope.search]
    call.args = (_Evaluation(evaluate, search, call.instance), *call.args[1:])
    yield
    search.rank()


def format_results(call: Call, log: Log) -> Generator[None, Any, None]:
    """Hook of `_format_results`, which a batch ends with."""
    results = yield
    scope = current().scope
    if isinstance(scope, TrialScope):
        search = _searches[os.getpid(), scope.search]
        out, splits, extra = map(call.argument, ("out", "n_splits", "more_results"))
        search.settle(out, splits, results, extra or ())


def fold(call: Call, log: Log) -> Generator[None, Any, None]:
    """Hook of `_fit_and_score`. What is fitted and searched inside a fold is part of it."""
    scope = current().scope
    if isinstance(scope, TrialScope):
        yield from _trial_fold(call, log, scope)
        return
    with entered(scope=None):
        result = yield
    if isinstance(scope, FoldsScope):
        crossval.record_failed_fold(log, result)


def _trial_fold(call: Call, log: Log, scope: TrialScope) -> Generator[None, Any, None]:
    number = scope.first + call.kwargs["candidate_progress"][0]
    step, splits = call.kwargs["split_progress"]
    search = _searches.get((os.getpid(), scope.search))
    if search is not None:
        trial = search.trial(number, splits)
    else:
        trial = _worker_trials.get(log, scope.search, number, call.kwargs["parameters"], splits)
    try:
        with entered(run=trial.run, scope=None):  # what the user logs meanwhile is the trial's
            result = yield
    except CallFailed as failed:
        trial.end(outcome(failed.error), failed.error)
        if search is not None:
            search.failed(number)
        return
    metrics = record_fold(trial, step, result)
    if search is not None:
        search.fold(number, step, metrics, failed=bool(result.get("fit_error")))
