"""What LightGBM calls after each round."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...tracking.contain import contained
from ..boosting import Rounds
from ..boosting_dask import reduced

if TYPE_CHECKING:
    from ..sink import Log


class Curves:
    """Records the round's evaluations. One object for each training.

    Rounds are counted from the beginning of the model, also when a training goes on.
    """

    before_iteration = False

    def __init__(self, log: Log) -> None:
        self._rounds = Rounds(log)
        self.order = -1_000_000  # before all others; an attribute of its own, else LightGBM sets one

    def __call__(self, env: Any) -> None:
        with contained("recording a round of lightgbm"):
            for data, metric, value, *_ in env.evaluation_result_list or ():
                self._rounds.add(data, metric, value, env.iteration)


class DistantCurves(Curves):
    """The same, sent to a worker of a Dask cluster."""

    def __init__(self, log: Any, wire: bytes) -> None:
        super().__init__(log)
        self._wire = wire

    def __reduce__(self) -> Any:
        return reduced(self, self._wire, "__import__('lightgbm').log_evaluation(0)")
