"""Which hook goes where in XGBoost.

``train``, ``cv`` and the ``fit`` of most estimators are decorated, and hooked below the
decoration: that reaches the references that users imported before us, and lies inside of
what scikit-learn's patcher hooks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from xgboost import collective, training

from ..boosting import record_round, same_name
from ..boosting_hooks import Recorder
from ..engine import Call, wrap, wrap_cell
from ..warnings_ import watching
from .callback import DistantCurves
from .dask import DaskHooks
from .facts import LIBRARY

if TYPE_CHECKING:
    from ..sink import Log

_recorder = Recorder(LIBRARY)


def patches(name: str, module: Any) -> Iterator[AbstractContextManager[object]]:
    """The patches for one of the patcher's modules."""
    if name == "xgboost.training":
        yield wrap_cell(module.train, "func", _recorder.boosted)
        yield wrap_cell(module.train, "func", _recorder.train, run=_train_name)
        yield _hooked_cv(module)
        # What all folds say about a round comes together here, and nowhere else.
        yield wrap((module._PackedBooster, "eval"), folds)
    elif name == "xgboost":
        yield same_name(module, training, "cv")
    elif name == "xgboost.sklearn":
        yield watching()
        for cls in (module.XGBModel, module.XGBClassifier, module.XGBRanker):
            yield wrap_cell(cls.fit, "func", _recorder.inside)
            yield wrap_cell(cls.fit, "func", _recorder.fit, run=_recorder.fit_name)
    elif name == "xgboost.dask":
        yield from DaskHooks(_recorder).patches(module)


def _hooked_cv(module: Any) -> AbstractContextManager[object]:
    """It is decorated from version 3.0 on."""

    def name(call: Call) -> str | None:
        return _recorder.name("cv")

    if "func" in module.cv.__code__.co_freevars:
        return wrap_cell(module.cv, "func", _recorder.cv, run=name)
    return wrap((module, "cv"), _recorder.cv, run=name)


def _train_name(call: Call) -> str | None:
    """One of the processes that train together records, unless that is arranged from elsewhere."""
    arranged = any(isinstance(callback, DistantCurves) for callback in call.argument("callbacks") or ())
    return None if arranged or collective.get_rank() else _recorder.name("train")


def folds(call: Call, log: Log) -> Generator[None, Any, None]:
    """Around the evaluation of a round in all folds, whose result is a text for each fold."""
    lines = yield
    values: defaultdict[str, list[float]] = defaultdict(list)
    for line in lines:
        for part in line.split()[1:]:  # the first says which round it is
            name, _, value = part.rpartition(":")
            values[name].append(float(value))
    record_round(log, call.argument("iteration"), values)
