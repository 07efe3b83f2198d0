"""Scores that are computed after the fit, added to the run of the model they are about.

``model.score(…)`` is logged as ``score``. A function of `sklearn.metrics` that is given
something the model predicted (the very object, or a slice of it such as
``proba[:, 1]``) is logged under the function's name. Each further value is one step on.
Copies of a model, unpickled or cloned, are other models.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from numbers import Real
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, TypeGuard

from ...tracking.context import entered
from ..engine import Call, wrap_cell
from .eligible import state_of
from .remembered import Remembered

if TYPE_CHECKING:
    from ..sink import Log

_SCORES = ("_score", "_loss", "_error", "_deviance", "_corrcoef")

_models: Remembered[Log] = Remembered(10_000)
_predictions: Remembered[Log] = Remembered(1_000)


def follow(model: Any, log: Log) -> None:
    """From now on the scores of this fitted model belong to this run."""
    _models.put(model, log)
    labels = state_of(model).get("labels_")
    if labels is not None:
        _predictions.put(labels, log)


def follow_predictions(values: Any, log: Log) -> None:
    """Scores of these predictions belong to this run, as those of a cross validation do."""
    _predictions.put(values, log)


def predicted(call: Call, log: Log) -> Generator[None, Any, None]:
    """Around ``predict`` and the like: remember what a recorded model said."""
    result = yield
    of = _models.get(call.instance)
    if of is None:
        return
    given = call.args[0] if call.args else None
    for values in result if isinstance(result, list) else [result]:
        _predictions.put(values, of)
        owner = getattr(values, "base", None)
        if owner is not None and owner is not given and owner is not getattr(given, "base", None):
            _predictions.put(owner, of)


def scored(call: Call, log: Log) -> Generator[None, Any, None]:
    """Around ``model.score``."""
    of = _models.get(call.instance)
    if of is None:
        yield
        return
    with entered(inside_fit=True):
        result = yield
    if _is_number(result):
        of.metrics({"score": result})


def measured(call: Call, log: Log) -> Generator[None, Any, None]:
    """Around a function of `sklearn.metrics`."""
    of = next(_models_behind(call), None)
    if of is None:
        yield
        return
    with entered(inside_fit=True):
        result = yield
    if _is_number(result):
        of.metrics({call.function.__name__: result})


def unmeasured(call: Call, log: Log) -> Generator[None, Any, None]:
    """Around what computes many scores on purpose to compare them: none is a score of the model."""
    with entered(inside_fit=True):
        yield


def metric_patches(module: ModuleType) -> Iterator[AbstractContextManager[object]]:
    """For `sklearn.metrics`. Its functions are hooked inside their argument checking.

    That is a wrapper by ``validate_params`` with the real function in a closure cell:
    the one place that every reference shares, also those that users imported before.
    """
    for name in module.__all__:
        function = getattr(module, name, None)
        if name.endswith(_SCORES) and _is_checked(function):
            yield wrap_cell(function, "func", measured, inside_fits=False)


def inspection_patches(module: ModuleType) -> Iterator[AbstractContextManager[object]]:
    """For `sklearn.inspection`, whose permutation importance scores a model again and again."""
    function = getattr(module, "permutation_importance", None)
    if _is_checked(function):
        yield wrap_cell(function, "func", unmeasured, inside_fits=False)


def _is_checked(function: Any) -> TypeGuard[Callable[..., Any]]:
    return isinstance(function, FunctionType) and "func" in function.__code__.co_freevars


def _models_behind(call: Call) -> Iterator[Log]:
    for given in (*call.args, *call.kwargs.values()):
        of = _predictions.get(given) or _predictions.get(getattr(given, "base", None))
        if of is not None:
            yield of


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
