"""What is recorded while the Trainer's loops run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

from ...tracking.contain import contained
from ...tracking.context import current
from ..sink import Log
from . import facts
from .checkpoints import Checkpoints, keep
from .logger import logger_of
from .rates import Rates
from .settings import settings
from .tap import tapped


class Stage(NamedTuple):
    """A call of the Trainer that is recorded. ``params``: the run does not know them yet.

    It travels with the context into the processes that the training may be in.
    """

    params: bool


@contextmanager
def recording(trainer: Any, log: Log, stage: Stage) -> Iterator[None]:
    """Record what the loops do in the block: before, all along, and after."""
    fitting = trainer.state.fn == "fit"
    with contained("recording the settings of a training"):
        _before(trainer, log, stage, fitting)
    with ExitStack() as stack:
        with contained("listening to a training"):
            _listen(trainer, log, fitting, stack)
        try:
            yield
        finally:
            if fitting:
                with contained("recording the results of a training"):
                    _after(trainer, log, stage)


def _before(trainer: Any, log: Log, stage: Stage, fitting: bool) -> None:
    if not stage.params:
        return
    module = trainer.lightning_module
    log.tags(facts.tags(module))
    log.params(facts.model(module) | facts.hyperparameters(trainer) | settings(trainer))
    with contained("summarizing a model"):
        log.text(facts.summary(module), "summary.txt")
    if fitting:
        log.params(facts.optimizers(trainer) | facts.callbacks(trainer))


def _listen(trainer: Any, log: Log, fitting: bool, stack: ExitStack) -> None:
    rates = Rates(trainer.optimizers if fitting else ())
    metrics = Metrics(trainer, log, rates, fitting)
    # All that is passed to `self.log` comes by here when it is Lightning's time to log it.
    stack.enter_context(tapped(trainer._logger_connector, "log_metrics", metrics))
    if fitting:
        stack.enter_context(rates.followed())
        checkpoints = Checkpoints(trainer, log)
        stack.enter_context(tapped(trainer, "save_checkpoint", checkpoints))


def _after(trainer: Any, log: Log, stage: Stage) -> None:
    if stage.params:
        log.params(facts.data(trainer))  # Lightning has the loader only now
    results, tags = facts.results(trainer)
    log.metrics(results)
    log.tags(tags)
    keep(trainer.checkpoint_callbacks, log)


class Metrics:
    """Logs what Lightning would give to its loggers, also when there is none."""

    def __init__(self, trainer: Any, log: Log, rates: Rates, fitting: bool) -> None:
        self._trainer = trainer
        self._log = log
        self._rates = rates
        self._fitting = fitting
        self._logged = logger_of(trainer) is not None
        self._epoch = -1  # as it was last logged
        self._series = _Series(log)

    def __call__(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        trainer = self._trainer
        # By its name: comparing Lightning's enums takes as long as logging a value.
        if current().suppressed or trainer.state.stage.name == "SANITY_CHECKING":
            return
        values = {name: number for name, value in metrics.items() if (number := _number(value)) is not None}
        if step is None:
            step = self._step(values)
        if self._logged:  # our logger has them already
            values = {}
        values.update(self._rates.changed())
        if len(values) == 1:
            ((name, number),) = values.items()
            self._series[name](number, step)
        elif values:
            self._log.metrics(values, step)

    def _step(self, values: dict[str, float]) -> int:
        """As Lightning's loggers get it: a metric called ``step`` is the step."""
        trainer = self._trainer
        if "step" in values:
            return int(values.pop("step"))
        if values and self._fitting and trainer.current_epoch != self._epoch:
            self._epoch = trainer.current_epoch
            values.setdefault("epoch", self._epoch)
        return int(trainer.fit_loop.epoch_loop._batches_that_stepped)


class _Series(dict[str, Callable[[float, int], None]]):
    """By its name, how to log one value of a metric: a step of most trainings logs a single one."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def __missing__(self, name: str) -> Callable[[float, int], None]:
        return self.setdefault(name, self._log.series(name))


def _number(value: Any) -> float | None:
    if isinstance(value, int | float):
        return value
    return value.item() if getattr(value, "ndim", 1) == 0 or value.numel() == 1 else None


def keep_model(trainer: Any, log: Log) -> None:
    """The trained model; a strategy that divides it over devices has only the checkpoint."""
    if not trainer.strategy.restore_checkpoint_after_setup:
        with contained("saving the model"):
            log.model(trainer.lightning_module)
