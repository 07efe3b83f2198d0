"""What recording gradient boosting takes, whichever library does it."""

from __future__ import annotations

import importlib
import inspect
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from ..tracking.context import current
from .engine import Call
from .proxies import Hooked
from .sink import Log

if TYPE_CHECKING:
    from .seen import Seen

Importances = dict[str, list[float]]
"""From the type of importance to the values, in the order of the features."""

MOST_FEATURES = 1_000


class ModelScope(NamedTuple):
    """A scope: inside the fit of this model, which a run is about. By process and `id`."""

    process: int
    model: int

    @classmethod
    def of(cls, model: Any) -> ModelScope:
        return cls(os.getpid(), id(model))


class Boosting(NamedTuple):
    """A scope: the next training here is that of the model which the open run is about."""


@dataclass
class Folds:
    """A scope: inside a cross validation, after so many rounds."""

    rounds: int = 0


class Data(NamedTuple):
    """A data set that a training was given, and what it is for."""

    name: str
    data: Any
    target: Any = None


class Learned(NamedTuple):
    """What a trained booster says about itself.

    ``settings`` are all that it trained with, by the library's own names; ``numbers`` count
    its trees and features; ``facts`` is what ``booster.json`` says.
    """

    settings: Mapping[str, Any]
    numbers: Mapping[str, float]
    facts: Mapping[str, Any]


class Library(Protocol):
    """What differs between the libraries."""

    name: str

    counts_from: int
    """The number of the first round when it speaks of the best one."""

    def given(self, call: Call) -> dict[str, Any]:
        """The params of a call of ``train`` or ``cv``, without any default."""

    def data(self, call: Call) -> Iterable[Data]:
        """The data sets of a call of ``train`` or ``cv``, the training's own first."""

    def seen(self, call: Call) -> Seen | None:
        """What the model's signature needs of a call of ``train``, where its data still says it."""

    def evals(self, call: Call) -> Iterable[Data]:
        """The evaluation sets of a call of ``fit``, by the library's names for them."""

    def watching(self, log: Log) -> Any:
        """A fresh callback that records every iteration."""

    def learned(self, booster: Any) -> Learned:
        """Of a booster that was just trained."""

    def names(self, booster: Any) -> list[str]:
        """Of all features."""

    def importances(self, booster: Any) -> Importances:
        """Of all features, or of none when the booster has none."""

    def booster_of(self, estimator: Any) -> Any:
        """The booster of a fitted scikit-learn estimator."""


class Rounds:
    """Takes in what is measured after the rounds of a training, one value at a time."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._series: dict[tuple[str, str], Callable[[float, int], None]] = {}

    def add(self, data: str, metric: str, value: float, step: int) -> None:
        record = self._series.get((data, metric)) or self._begin(data, metric)
        record(float(value), step)

    def _begin(self, data: str, metric: str) -> Callable[[float, int], None]:
        record = self._series[data, metric] = self._log.series(f"{data}-{metric}")
        return record


def record_round(log: Log, step: int, folds: Mapping[str, Sequence[float]]) -> None:
    """A round of a cross validation: what each fold says, by metric."""
    scope = current().scope
    if not isinstance(scope, Folds):
        return
    scope.rounds += 1
    metrics: dict[str, float] = {}
    for name, values in folds.items():
        metrics.update({f"{name}-fold{i}": value for i, value in enumerate(values)})
        metrics[f"{name}-mean"] = float(np.mean(values))
        metrics[f"{name}-std"] = float(np.std(values))
    log.metrics(metrics, step)


@contextmanager
def same_name(module: Any, source: Any, name: str) -> Iterator[None]:
    """``module`` took the function ``name`` from ``source``: it gets what is hooked there."""
    hooked = getattr(source, name)
    setattr(module, name, hooked)
    yield
    if getattr(module, name) is hooked:
        while isinstance(hooked, Hooked):
            hooked = hooked.__wrapped__
        setattr(module, name, hooked)


def estimator_of(call: Call) -> Any:
    """Whose method is called; one hooked inside its decoration gets it by name."""
    return call.argument("self") if call.instance is None else call.instance


def argument(call: Call, name: str) -> Any:
    """What was given, or the default; None for a name that the function does not know."""
    return call.argument(name, _defaults(call.function).get(name))


@lru_cache(maxsize=64)
def _defaults(function: Callable[..., Any]) -> dict[str, Any]:
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not p.empty}


def origin(model: Any) -> str | None:
    """Where the model comes from that a training goes on with."""
    if model is None:
        return None
    return os.fspath(model) if isinstance(model, (str, os.PathLike)) else type(model).__name__


def importances_of(model: Any) -> Importances:
    """Importances of all types of a fitted estimator; empty when it is of no library here."""
    for name, kind in (("xgboost", "XGBModel"), ("lightgbm", "LGBMModel")):
        cls = getattr(sys.modules.get(name), kind, None)
        if cls is not None and isinstance(model, cls):
            library: Library = importlib.import_module(f"{__package__}.{name}.facts").LIBRARY
            return library.importances(library.booster_of(model))
    return {}


def scalar(text: str) -> Any:
    """A setting that a library gives as text: a number, or the text itself."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
