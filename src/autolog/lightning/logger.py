"""`LightningLogger`: autolog as a logger of Lightning's."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from ...tracking.active import active_settings
from ...tracking.api import _id, _program, active_run
from ...tracking.contain import contained
from ...tracking.context import current
from ...tracking.opening import open_again, open_elsewhere, open_top
from ...tracking.outcome import outcome
from ...tracking.runs import ActiveRun
from ..sink import Log, log_of
from .bases import Joined
from .checkpoints import keep
from .facts import flat


class LightningLogger(Joined):
    """For ``Trainer(logger=LightningLogger())``: what is logged with ``self.log`` goes to a run.

    That is the run that is open where training begins; else one of its own, called
    ``name``, in ``experiment``; or, with ``resume`` (a run or its id), one that goes on.
    Together with ``autolog.enable()`` or `LightningCallback` there is still one run, and
    each value is logged once. Works with both ``lightning`` and ``pytorch_lightning``.
    """

    base = "loggers.Logger"

    def __init__(self, name: str | None = None, *, experiment: str | None = None, resume: Any = None) -> None:
        super().__init__()
        self._name = name
        self._experiment = experiment
        self._resume = None if resume is None else _id(resume)
        self._run: ActiveRun | None = None
        self._owned = False
        self._saving: list[Any] = []

    def __getstate__(self) -> dict[str, Any]:
        """For a process that is started for the training: it writes to the same run."""
        run = self._run
        where = run and (run.id, run.writer.address, run.name, run.experiment)
        return {**vars(self), "_run": None, "_owned": False, "_saving": [], "_where": where}

    def __setstate__(self, state: dict[str, Any]) -> None:
        where = state.pop("_where")
        vars(self).update(state)
        if where is not None:
            id, address, name, experiment = where
            self._run = open_elsewhere(
                active_settings(), id, address=address, name=name, experiment=experiment
            )

    @property
    def name(self) -> str:
        """The experiment; the folder that Lightning keeps checkpoints in is called so."""
        return str(self.experiment.experiment)

    @property
    def version(self) -> str:
        """The run's id."""
        return str(self.experiment.id)

    @property
    def experiment(self) -> Any:
        """The run, to log to directly; outside of the first process of a training, one that drops all."""
        return self._current() if _is_first() else _Nobody()

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """As `ActiveRun.log_metrics`, but never raises."""
        with contained("logging metrics"):
            self._log().metrics(metrics, step)

    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """A mapping or a namespace, as parameters; what is nested with ``/`` in its name."""
        with contained("logging hyperparameters"):
            self._log().params(dict(flat(params if isinstance(params, Mapping) else vars(params))))

    def after_save_checkpoint(self, checkpoint_callback: Any) -> None:
        if all(known is not checkpoint_callback for known in self._saving):
            self._saving.append(checkpoint_callback)

    def finalize(self, status: str) -> None:
        """The end of a training or an evaluation: of the run as well if it was opened for it."""
        if not self.is_open or current().inside_fit or not _is_first():
            return
        with contained("ending a run"):
            error = None if status == "success" else sys.exc_info()[1]
            saving, self._saving = self._saving, []
            keep(saving, self._log())
            assert self._run is not None
            self._run.end(outcome(error), error)

    @property
    def is_open(self) -> bool:
        """Whether it has opened a run that is still to end."""
        return self._owned and self._run is not None and not self._run.ended

    def open(self, name: str) -> ActiveRun:
        """A run of its own; ``name`` if none was given."""
        settings = active_settings()
        if self._resume is not None:
            self._run, self._resume = open_again(settings, self._resume, fits=settings.fits), None
        else:
            self._run = open_top(settings, self._name or name, experiment=self._experiment)
        self._owned = True
        return self._run

    def _log(self) -> Log:
        return log_of(self._current() if _is_first() else None)

    def _current(self) -> ActiveRun:
        """Inside a fit that is recorded that one's run, else the one that was logged to before."""
        context = current()
        if context.inside_fit and context.run is not None and context.run is not self._run:
            self._run, self._owned = context.run, False
        if self._run is None:
            self._run = active_run() or self.open(_program())
        return self._run


class _Nobody:
    """Takes every call and does nothing."""

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: None


def logger_of(trainer: Any) -> LightningLogger | None:
    """The logger of ours that the Trainer has."""
    return next((logger for logger in trainer.loggers if isinstance(logger, LightningLogger)), None)


def _is_first() -> bool:
    from lightning_utilities.core.rank_zero import rank_zero_only

    return getattr(rank_zero_only, "rank", 0) in (0, None)
