"""`LightningCallback`: one Trainer recorded, with nothing else enabled."""

from __future__ import annotations

from contextlib import ExitStack
from time import perf_counter
from typing import Any

from ...tracking.contain import contained
from ...tracking.context import current, entered
from ..fit import Fit
from ..sink import log_of
from . import runs
from .bases import Joined
from .recording import Stage, keep_model, recording


class LightningCallback(Joined):
    """For ``Trainer(callbacks=[LightningCallback()])``: what the Trainer does is recorded.

    It records what ``autolog.enable()`` does, and nothing beside it when that is on.
    Works with both ``lightning`` and ``pytorch_lightning``.
    """

    base = "callbacks.Callback"

    def __init__(self) -> None:
        super().__init__()
        self._open: _Open | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_open": None}

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        self._begin(trainer)

    def on_validation_start(self, trainer: Any, pl_module: Any) -> None:
        self._begin(trainer)

    def on_test_start(self, trainer: Any, pl_module: Any) -> None:
        self._begin(trainer)

    def on_predict_start(self, trainer: Any, pl_module: Any) -> None:
        self._begin(trainer)

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        self._end(trainer, None)

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        self._end(trainer, exception)

    def _begin(self, trainer: Any) -> None:
        context = current()
        if self._open is None and not context.inside_fit and not context.suppressed:
            with contained("opening a run"):
                self._open = _Open.of(trainer)

    def _end(self, trainer: Any, error: BaseException | None) -> None:
        if self._open is not None:
            opened, self._open = self._open, None
            with contained("ending a run"):
                opened.end(trainer, error)


class _Open:
    """A call of the Trainer that is being recorded."""

    def __init__(self, trainer: Any, function: str, fit: Fit) -> None:
        model = runs.model_of(trainer, None)
        stage = Stage(params=runs.fitted_in(model) is not fit.run)
        runs.remember(model, fit.run, function)
        self._function = function
        self._fit = fit
        self._log = log_of(fit.run)
        self._began = perf_counter()
        self._stack = ExitStack()
        self._stack.enter_context(entered(run=fit.run, inside_fit=True, scope=None))
        self._stack.enter_context(recording(trainer, self._log, stage))

    @classmethod
    def of(cls, trainer: Any) -> _Open | None:
        function = trainer.state.fn.value
        fit = runs.begin(trainer, function, None, trainer.ckpt_path)
        return None if fit is None else cls(trainer, function, fit)

    def end(self, trainer: Any, error: BaseException | None) -> None:
        self._stack.close()
        if error is None:
            self._log.metrics({runs.TIMES[self._function]: perf_counter() - self._began})
            if self._function == "fit":
                keep_model(trainer, self._log)
        self._fit.end(error)
