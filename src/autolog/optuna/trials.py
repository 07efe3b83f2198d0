"""One trial of a study: its run, and what is added to that while the trial goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...store.events import Status
from ...tracking.context import current, stay_in
from ...tracking.outcome import outcome
from ...tracking.runs import ActiveRun
from ...tracking.text import text
from ..sink import Log
from .facts import user_attributes


class TrialRun:
    """``error`` is what the objective raised, if it did; ``asker`` the thread that asked for the trial."""

    def __init__(self, log: Log, number: int) -> None:
        self.log = log
        self.number = number
        self.error: BaseException | None = None
        self.standing: Standing | None = None
        self.asker = 0
        self._params: set[str] = set()
        self._untold: dict[str, Any] = {}
        self._steps: set[int] = set()
        log.tags({"autolog.trial": number})

    def suggested(self, name: str, value: Any, distribution: Any) -> None:
        """A parameter got its value. Optuna gives it again whenever it is asked again."""
        if name not in self._params:
            self._params.add(name)
            self._untold[name] = distribution
            self.log.params({name: value})

    def reported(self, value: Any, step: Any) -> None:
        """An intermediate value. Optuna ignores a second one for the same step."""
        step = int(step)
        if step not in self._steps:
            self._steps.add(step)
            self._tell_distributions()
            self.log.metrics({"intermediate_value": float(value)}, step=step)

    def attribute(self, key: str, value: Any) -> None:
        self.log.tags(user_attributes({key: value}))

    def told(self, state: str, values: Mapping[str, float], message: str) -> None:
        """Optuna knows how the trial ended: COMPLETE, PRUNED or FAIL, which ``message`` explains."""
        self.log.metrics(values)
        if state == "FAIL":
            self.failed(message)
        elif state == "PRUNED":
            self.log.tags({"autolog.pruned": "true"})
            self._end("KILLED", None)
        else:
            self._end("FINISHED", None)

    def failed(self, message: str, status: Status = "FAILED") -> None:
        """The trial has no value: of an error, or else as ``message`` says."""
        self._end(outcome(self.error) if self.error else status, self.error or message)

    def _tell_distributions(self) -> None:
        """What parameters were drawn from, in one write: most are suggested in a row."""
        untold, self._untold = self._untold, {}
        self.log.tags({f"autolog.distribution.{name}": text(of) for name, of in untold.items()})

    def _end(self, status: Status, error: BaseException | str | None) -> None:
        self._tell_distributions()
        self.log.end(status, error)
        self.error = None  # its traceback holds the frames that hold this


class Standing:
    """A run as the one that is open here, from now until `leave`.

    For a trial between ``ask`` and ``tell``, a time that no block of the user's encloses.
    """

    def __init__(self, run: ActiveRun) -> None:
        self._before = current()
        self._context = self._before.but(run=run, handed_out=False, scope=None)
        stay_in(self._context)

    def leave(self) -> None:
        """Back to how it was before, unless the user has gone somewhere else meanwhile."""
        if current() is self._context:
            stay_in(self._before)
