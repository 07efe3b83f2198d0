"""What XGBoost calls after each round."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xgboost import collective
from xgboost.callback import TrainingCallback

from ...tracking.contain import contained
from ..boosting import Rounds
from ..boosting_dask import reduced

if TYPE_CHECKING:
    from ..sink import Log


class Curves(TrainingCallback):
    """Records the round's evaluations, named as XGBoost prints them. One object for each training.

    Rounds are counted from the beginning of the model, also when a training goes on.
    """

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log
        self._rounds = Rounds(log)
        self._first = 0
        self._best_before: str | None = None

    def __hash__(self) -> int:
        """Some versions call callbacks in the order of a set: this is the first place in it."""
        return 0

    def before_training(self, model: Any) -> Any:
        with contained("preparing to record the rounds of xgboost"):
            self._first = model.num_boosted_rounds()
            self._best_before = model.attr("best_iteration")
        return model

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        with contained("recording a round of xgboost"):
            step = self._first + epoch
            for data, metrics in evals_log.items():
                for metric, values in metrics.items():
                    self._rounds.add(data, metric, values[-1], step)
        return False

    def after_training(self, model: Any) -> Any:
        """A model that goes on may bring the best iteration of a training before this one."""
        with contained("recording the best round of xgboost"):
            best = {name: model.attr(name) for name in ("best_iteration", "best_score")}
            if best["best_iteration"] not in (None, self._best_before):
                self._log.metrics({name: float(value) for name, value in best.items()})
        return model


class DistantCurves(Curves):
    """The same, sent to the workers of a Dask cluster; the first of them records.

    Workers that are threads of one process may share one such object.
    """

    def __init__(self, log: Any, wire: bytes) -> None:
        super().__init__(log)
        self._wire = wire

    def __reduce__(self) -> Any:
        return reduced(self, self._wire, "__import__('xgboost').callback.TrainingCallback()")

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        return super().after_iteration(model, epoch, evals_log) if collective.get_rank() == 0 else False

    def after_training(self, model: Any) -> Any:
        return super().after_training(model) if collective.get_rank() == 0 else model
