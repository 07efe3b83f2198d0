"""Which hook goes where in LightGBM.

``train`` and ``cv`` are plain functions, known under three names. References that users
made by ``from lightgbm import train`` before recording was on stay what they are.
The estimators all come to `LGBMModel.fit`, which lies inside of what scikit-learn's
patcher hooks: the ``fit`` of the class that is fitted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from lightgbm import engine

from ...tracking.context import current
from ..boosting import Folds, record_round, same_name
from ..boosting_hooks import Recorder
from ..engine import Call, wrap
from ..warnings_ import watching
from .dask import DaskHooks
from .facts import LIBRARY

if TYPE_CHECKING:
    from ..sink import Log

_recorder = Recorder(LIBRARY)


def patches(name: str, module: Any) -> Iterator[AbstractContextManager[object]]:
    """The patches for one of the patcher's modules."""
    if name == "lightgbm.engine":
        yield wrap((module, "train"), _recorder.boosted)
        yield wrap((module, "train"), _recorder.train, run=lambda call: _recorder.name("train"))
        yield wrap((module, "cv"), _recorder.cv, run=lambda call: _recorder.name("cv"))
        # What all folds say about a round comes together here, and nowhere else.
        yield wrap((module, "_agg_cv_result"), folds)
    elif name == "lightgbm":
        yield same_name(module, engine, "train")
        yield same_name(module, engine, "cv")
    elif name == "lightgbm.sklearn":
        yield watching()
        yield same_name(module, engine, "train")
        yield wrap((module.LGBMModel, "fit"), _recorder.inside)
        yield wrap((module.LGBMModel, "fit"), _recorder.fit, run=_recorder.fit_name)
    elif name == "lightgbm.dask":
        yield from DaskHooks(_recorder).patches(module)


def folds(call: Call, log: Log) -> Generator[None, Any, None]:
    """Around the bringing together of a round's results, a list for each fold."""
    yield
    scope = current().scope
    if isinstance(scope, Folds):
        values: defaultdict[str, list[float]] = defaultdict(list)
        for results in call.args[0] if call.args else call.argument("raw_results"):
            for data, metric, value, *_ in results:
                values[f"{data}-{metric}"].append(value)
        record_round(log, scope.rounds, values)
