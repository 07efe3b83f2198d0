"""What Optuna is given in the place of the user's functions: they run where they belong, in any thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ...tracking.contain import contained
from ...tracking.context import Context, exactly

if TYPE_CHECKING:
    from .studies import StudyRun
    from .trials import TrialRun


class Carried:
    """A function of the user's, called in a context: Optuna's threads begin without one."""

    def __init__(self, function: Callable[..., Any], context: Context) -> None:
        self._function = function
        self._context = context

    def __call__(self, *args: Any) -> Any:
        with exactly(self._context):
            return self._function(*args)


class CarriedAll:
    """Callbacks of the user's; the collection is theirs, and read when Optuna reads it."""

    def __init__(self, callbacks: Iterable[Callable[..., Any]], context: Context) -> None:
        self._callbacks = callbacks
        self._context = context

    def __iter__(self) -> Iterator[Carried]:
        return (Carried(callback, self._context) for callback in self._callbacks)


class Objective:
    """The user's objective, each call of it in the run of its trial."""

    def __init__(self, function: Callable[..., Any], study: StudyRun, context: Context) -> None:
        self._function = function
        self._study = study
        self._context = context

    def __call__(self, trial: Any) -> Any:
        recorded: TrialRun | None = None
        context = self._context
        with contained("opening the run of a trial"):
            recorded = self._study.begin(trial.number)
            if recorded.log.run is not None:
                context = context.but(run=recorded.log.run, inside_fit=False, handed_out=False)
        try:
            with exactly(context):
                return self._function(trial)
        except BaseException as error:
            if recorded is not None:
                recorded.error = error
            raise
