"""What LightGBM's objects say: a call's params and data, a booster's settings, trees and importances."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import lightgbm

from ...tracking.data import DataFacts, describe
from ..boosting import Data, Importances, Learned, argument, origin, scalar
from ..seen import Seen, seen
from .callback import Curves

if TYPE_CHECKING:
    from ..engine import Call
    from ..sink import Log

_SETTINGS = ("num_boost_round", "feval", "nfold", "stratified", "shuffle", "metrics", "seed")


class LightGBM:
    name = "lightgbm"
    counts_from = 1

    def given(self, call: Call) -> dict[str, Any]:
        settings = {name: argument(call, name) for name in _SETTINGS}
        settings["init_model"] = origin(call.argument("init_model"))
        params = {str(name): value for name, value in (call.argument("params") or {}).items()}
        return params | {name: value for name, value in settings.items() if value is not None}

    def data(self, call: Call) -> Iterator[Data]:
        train = call.argument("train_set")
        yield _described("train", train)
        sets, names = call.argument("valid_sets") or (), call.argument("valid_names") or ()
        sets = [sets] if isinstance(sets, lightgbm.Dataset) else sets
        names = [names] if isinstance(names, str) else names
        for number, data in enumerate(sets):
            if data is not train:
                yield _described(names[number] if number < len(names) else f"valid_{number}", data)

    def seen(self, call: Call) -> Seen | None:
        """Of the raw rows, which LightGBM usually frees when the training begins."""
        raw = getattr(call.argument("train_set"), "data", None)
        return seen(raw) if _is_at_hand(raw) else None

    def evals(self, call: Call) -> Iterator[Data]:
        names = call.argument("eval_names") or ()
        for number, (X, y) in enumerate(_pairs(call)):
            yield Data(names[number] if number < len(names) else f"valid_{number}", X, y)

    def watching(self, log: Log) -> Curves:
        return Curves(log)

    def learned(self, booster: Any) -> Learned:
        settings = dict(_settings(booster.model_to_string(num_iteration=1)))
        numbers = {
            "n_rounds": booster.current_iteration(),
            "n_trees": booster.num_trees(),
            "n_features": booster.num_feature(),
            **_stopped(booster),
        }
        names = booster.feature_name()
        return Learned(settings, numbers, {"features": names, "categories": booster.pandas_categorical})

    def names(self, booster: Any) -> list[str]:
        return booster.feature_name()  # type: ignore[no-any-return]

    def importances(self, booster: Any) -> Importances:
        return {kind: booster.feature_importance(kind).tolist() for kind in ("split", "gain")}

    def booster_of(self, estimator: Any) -> Any:
        return estimator.booster_


LIBRARY = LightGBM()


def _pairs(call: Call) -> list[Any]:
    """The evaluation sets: as pairs, or as two tuples; one alone need be in neither."""
    together, X, y = map(call.argument, ("eval_set", "eval_X", "eval_y"))
    if X is not None and y is not None:
        return list(zip(X, y, strict=True)) if isinstance(X, tuple) else [(X, y)]
    return [together] if isinstance(together, tuple) else list(together or ())


def _settings(model: str) -> Iterator[tuple[str, Any]]:
    """The section ``parameters:`` of a model as text, where every setting has a line ``[name: value]``."""
    _, _, section = model.rpartition("\nparameters:")
    for line in section.partition("end of parameters")[0].splitlines():
        name, _, value = line.strip("[]").partition(":")
        if value.strip():
            yield name, scalar(value.strip())


def _stopped(booster: Any) -> dict[str, float]:
    """What early stopping chose; the score is that of the first metric that is not of the training data."""
    if booster.best_iteration <= 0:
        return {}
    scores = {name: found for name, found in booster.best_score.items() if name != booster._train_data_name}
    first = next((score for found in scores.values() for score in found.values()), None)
    return {"best_iteration": booster.best_iteration} | ({} if first is None else {"best_score": first})


def _described(name: str, data: Any) -> Data:
    """The raw rows while LightGBM keeps them, else their numbers. What reads itself is not read."""
    if not isinstance(data, lightgbm.Dataset):
        return Data(name, data)
    if _is_at_hand(data.data):
        return Data(name, data.data, data.label)
    facts: dict[str, Any] = {"kind": type(data).__name__}
    if data._handle is not None:  # constructed
        facts["shape"] = [data.num_data(), data.num_feature()]
    if data.label is not None:
        facts["target"] = describe(None, data.label).facts["target"]
    return Data(name, DataFacts("", facts))


def _is_at_hand(data: Any) -> bool:
    """Whether the rows are in memory: not a file's name, and not chunks that are yet to be read."""
    return hasattr(data, "shape")
