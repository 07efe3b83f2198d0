"""The hooks that record gradient boosting, whichever library does it.

A training is recorded in two layers. The outer one owns the run: it tells what was given
and keeps the model. The inner one adds what the training itself shows: the curves, live,
and what the booster really used. When scikit-learn's patcher owns the run of an
estimator's fit, only the inner layer acts, and only for the model that the run is about:
not for the members of an ensemble, and not for the folds of a search.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any

from ..tracking.active import active_settings
from ..tracking.contain import contained
from ..tracking.context import current, entered
from .boosting import (
    MOST_FEATURES,
    Boosting,
    Data,
    Folds,
    Importances,
    Library,
    ModelScope,
    estimator_of,
)
from .engine import Call
from .sink import Log
from .sklearn.eligible import qualified
from .warnings_ import unheard

if TYPE_CHECKING:
    from .seen import Seen


class Recorder:
    """The hooks that the libraries share."""

    def __init__(self, library: Library) -> None:
        self._library = library

    # The run is ours

    def train(self, call: Call, log: Log) -> Generator[None, Any, None]:
        """Around the outermost ``train``."""
        self.begin(call, log)
        seen = None
        with contained("describing the data"):
            seen = self._library.seen(call) if log.keeps() else None
        with entered(scope=Boosting()):
            booster = yield
        self.keep(booster, booster, log, seen)

    def begin(self, call: Call, log: Log) -> None:
        """What a call of ``train`` or ``cv`` was given."""
        with contained("recording params"):
            log.tags({"autolog.framework": self._library.name})
            log.params(self._library.given(call))
        with contained("describing the data"):
            _log_data(self._library.data(call), log)

    def fit(self, call: Call, log: Log) -> Generator[None, Any, None]:
        """Around the outermost ``fit`` of an estimator, while scikit-learn is not recorded."""
        estimator = estimator_of(call)
        cls = type(estimator)
        with contained("recording params"):
            log.tags({"autolog.framework": self._library.name, "autolog.estimator": qualified(cls)})
            log.params(estimator.get_params())
        X, y = call.argument("X"), call.argument("y")
        seen = None
        with contained("describing the data"):
            _log_data([Data("train", X, y), *self._library.evals(call)], log)
            seen = log.seen(X)
        with entered(scope=Boosting()):
            yield
        self.keep(estimator, self._library.booster_of(estimator), log, seen)

    def keep(self, model: Any, booster: Any, log: Log, seen: Seen | None = None) -> None:
        """The importances and the model."""
        with contained("recording importances"):
            table = _table(self._library.names(booster), self._library.importances(booster))
            if table:
                log.table(table, "feature_importances.json")
        with contained("saving the model"), unheard():
            log.model(model, seen=seen)

    def cv(self, call: Call, log: Log) -> Generator[None, Any, None]:
        """Around the outermost ``cv``."""
        self.begin(call, log)
        folds = Folds()
        with entered(scope=folds):
            results = yield
        with contained("recording the outcome of a cross validation"):
            columns = {name: list(values) for name, values in results.items() if name != "cvbooster"}
            log.table(columns, "cv_results.json")
            log.metrics(self._stopped(columns, folds.rounds))

    def _stopped(self, columns: Mapping[str, Sequence[float]], rounds: int) -> dict[str, float]:
        """What early stopping chose: the results end with it."""
        kept = len(next(iter(columns.values()), ()))
        if not 0 < kept < rounds:
            return {}
        means = [name for name in columns if name.endswith("-mean") and not name.startswith("train")]
        score = {"best_score": columns[means[0]][-1]} if len(means) == 1 else {}
        return {"best_iteration": kept - 1 + self._library.counts_from, **score}

    def fit_name(self, call: Call) -> str | None:
        cls = type(estimator_of(call))
        return cls.__name__ if active_settings().wants_estimator(qualified(cls), True) else None

    def name(self, function: str) -> str | None:
        """Of the run of a function, unless the user does not want it."""
        name = f"{self._library.name}.{function}"
        return name if active_settings().wants_estimator(name, True) else None

    # The run is whoever's

    def inside(self, call: Call, log: Log) -> Generator[None, Any, None]:
        """Around every ``fit`` of an estimator: is the run that is open here about this one?"""
        if current().scope == ModelScope.of(estimator_of(call)):
            with entered(scope=Boosting()):
                yield
        else:
            yield

    def boosted(self, call: Call, log: Log) -> Generator[None, Any, None]:
        """Around every ``train``: the curves, and what the booster used."""
        if not (log.active and isinstance(current().scope, Boosting)):
            yield
            return
        theirs = call.argument("callbacks")
        # Ours comes first: another one may end the training, or raise.
        call.replace(callbacks=[self._library.watching(log), *(theirs or ())])
        began = perf_counter()
        with entered(scope=None):
            booster = yield
        self.record(booster, log, perf_counter() - began)

    def record(self, booster: Any, log: Log, seconds: float) -> None:
        """What a trained booster says about itself."""
        with contained("describing the booster"):
            learned = self._library.learned(booster)
            log.params({f"effective.{name}": value for name, value in learned.settings.items()})
            log.metrics({"training_time": seconds, **learned.numbers})
            log.json({name: fact for name, fact in learned.facts.items() if fact}, "booster.json")


def _table(names: list[str], importances: Importances) -> dict[str, list[Any]]:
    """A column for each type; the rows that gained most first."""
    if not importances:
        return {}
    leading = importances.get("gain") or next(iter(importances.values()))
    order = sorted(range(len(names)), key=lambda i: -leading[i])[:MOST_FEATURES]
    columns = {kind: [values[i] for i in order] for kind, values in importances.items()}
    return {"feature": [names[i] for i in order], **columns}


def _log_data(sets: Iterable[Data], log: Log) -> None:
    seen: list[Any] = []
    for name, data, target in sets:
        if data is not None and not any(data is other for other in seen):
            context = "validation" if seen else "training"
            log.input(data, target, name=name, context=context)
            seen.append(data)
