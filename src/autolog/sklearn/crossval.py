"""Cross validation that the user calls: one run, each fold a step.

These functions are decorated by scikit-learn, and hooked below the decoration: that
reaches the references that users imported before us. `cross_val_score` calls
`cross_validate`, whose result holds the times too: its folds are recorded there, into
the run of whichever of the two was called.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from ...flavors.streams import untouched
from ...tracking.context import current, entered
from ..engine import Call, wrap_cell
from .eligible import qualified, state_of
from .folds import error_of, summary
from .later import follow_predictions
from .params import params_of
from .scope import FoldsScope

if TYPE_CHECKING:
    from ..sink import Log

_SETTINGS = ("cv", "scoring", "method", "n_permutations", "param_name", "param_range", "train_sizes")


def patches(module: Any) -> Iterable[AbstractContextManager[Any]]:
    """The hooks for `sklearn.model_selection._validation`."""
    yield wrap_cell(module.cross_validate, "func", cross_validate)
    for function, hook in _OUTERMOST.items():
        yield wrap_cell(getattr(module, function), "func", hook, run=run_name)


def run_name(call: Call) -> str | None:
    """``cross_val_score LogisticRegression``; None for an estimator that is excluded."""
    from ...tracking.active import active_settings

    kind = type(call.argument("estimator"))
    if not active_settings().wants_estimator(qualified(kind), True):
        return None
    return f"{call.function.__name__} {kind.__name__}"


def _validation(call: Call, log: Log) -> Generator[None, Any, None]:
    """Hook of `cross_validate` and `cross_val_score` called by the user."""
    _describe(call, log)
    with entered(scope=FoldsScope()):
        yield


def _predictions(call: Call, log: Log) -> Generator[None, Any, None]:
    """There are no scores yet: those that are computed later are added."""
    _describe(call, log)
    follow_predictions((yield), log)


def cross_validate(call: Call, log: Log) -> Generator[None, Any, None]:
    """Hook of every `cross_validate`: its folds, if it is the recorded one."""
    scope = current().scope
    result = yield
    if not isinstance(scope, FoldsScope):
        return
    names = [name for name in result if name.startswith(("test_", "train_")) or name.endswith("_time")]
    columns = zip(*(result[name] for name in names), strict=True)
    folds = [dict(zip(names, map(float, values), strict=True)) for values in columns]
    for step, metrics in enumerate(folds):
        log.metrics(metrics, step=step)
    log.metrics(summary(folds))


def _learning_curve(call: Call, log: Log) -> Generator[None, Any, None]:
    """A step is a number of training rows."""
    _describe(call, log)
    sizes, train, test, *_ = yield
    _curve(log, sizes.tolist(), train, test)


def _validation_curve(call: Call, log: Log) -> Generator[None, Any, None]:
    """A step is a place in ``param_range``."""
    _describe(call, log)
    train, test = yield
    _curve(log, range(len(test)), train, test)


def _permutation_test(call: Call, log: Log) -> Generator[None, Any, None]:
    """A step is a permutation."""
    _describe(call, log)
    score, permuted, p_value = yield
    for step, value in enumerate(permuted.tolist()):
        log.metrics({"permutation_score": value}, step=step)
    log.metrics({"test_score": score, "p_value": p_value})


_OUTERMOST = {
    "cross_validate": _validation,
    "cross_val_score": _validation,
    "cross_val_predict": _predictions,
    "learning_curve": _learning_curve,
    "validation_curve": _validation_curve,
    "permutation_test_score": _permutation_test,
}


def _describe(call: Call, log: Log) -> None:
    estimator = call.argument("estimator")
    given = {name: call.argument(name) for name in _SETTINGS}
    own = {f"{call.function.__name__}_{name}": value for name, value in given.items() if value is not None}
    with untouched(state_of(estimator)):
        params, tags = params_of(estimator)
        log.params(params | own)
        log.tags(tags)
        log.input(call.argument("X"), call.argument("y"))


def _curve(log: Log, steps: Iterable[int], train: Any, test: Any) -> None:
    for step, train_row, test_row in zip(steps, train.tolist(), test.tolist(), strict=True):
        folds = [{"train_score": a, "test_score": b} for a, b in zip(train_row, test_row, strict=True)]
        log.metrics(summary(folds), step=step)


def record_failed_fold(log: Log, result: Mapping[str, Any]) -> None:
    """What a failed fold leaves beside its score, which is the user's ``error_score``."""
    failure = result.get("fit_error")
    if failure:
        log.text(failure, "traceback.txt")
        log.tags({"autolog.error": error_of(failure)})
