"""What XGBoost's objects say: a call's params and data, a booster's settings, trees and importances."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import xgboost

from ...tracking.data import DataFacts, describe
from ..boosting import MOST_FEATURES, Data, Importances, Learned, argument, origin, scalar
from ..seen import Seen
from .callback import Curves
from .matrices import categories_of, seen_of

if TYPE_CHECKING:
    from ..engine import Call
    from ..sink import Log

_TYPES = ("weight", "gain", "cover", "total_gain", "total_cover")
_SETTINGS = (
    "num_boost_round",
    "early_stopping_rounds",
    "maximize",
    "obj",
    "custom_metric",
    "nfold",
    "stratified",
    "metrics",
    "shuffle",
    "seed",
)


class XGBoost:
    name = "xgboost"
    counts_from = 0

    def given(self, call: Call) -> dict[str, Any]:
        settings = {name: argument(call, name) for name in _SETTINGS}
        settings["xgb_model"] = origin(call.argument("xgb_model"))
        params = _by_name(call.argument("params") or {})
        return params | {name: value for name, value in settings.items() if value is not None}

    def data(self, call: Call) -> Iterator[Data]:
        yield Data("train", facts_of(call.argument("dtrain")))
        for data, name in call.argument("evals") or ():
            if data is not call.argument("dtrain"):
                yield Data(str(name), facts_of(data))

    def seen(self, call: Call) -> Seen | None:
        return seen_of(call.argument("dtrain"))

    def evals(self, call: Call) -> Iterator[Data]:
        for number, (X, y) in enumerate(call.argument("eval_set") or ()):
            yield Data(f"validation_{number}", X, y)

    def watching(self, log: Log) -> Curves:
        return Curves(log)

    def learned(self, booster: Any) -> Learned:
        config = json.loads(booster.save_config())["learner"]
        settings = dict(_settings(config))
        numbers = {"n_rounds": booster.num_boosted_rounds(), "n_features": booster.num_features()}
        model = config["gradient_booster"]
        size = model.get("gbtree", model).get("gbtree_model_param")
        if size is not None:  # not of a linear booster
            numbers["n_trees"] = int(size["num_trees"])
        facts = {
            "features": self.names(booster),
            "feature_types": booster.feature_types,
            "categories": categories_of(booster),
            "attributes": booster.attributes(),
        }
        return Learned(settings, numbers, facts)

    def names(self, booster: Any) -> list[str]:
        return booster.feature_names or [f"f{i}" for i in range(booster.num_features())]

    def importances(self, booster: Any) -> Importances:
        """A linear booster has coefficients only: ``weight``, of several classes none."""
        names = self.names(booster)
        found: Importances = {}
        for kind in _TYPES:
            try:
                scores = booster.get_score(importance_type=kind)
            except xgboost.core.XGBoostError:
                continue
            if not any(isinstance(score, list) for score in scores.values()):
                found[kind] = [scores.get(name, 0.0) for name in names]
        return found

    def booster_of(self, estimator: Any) -> Any:
        return estimator.get_booster()


LIBRARY = XGBoost()


def _by_name(params: Any) -> dict[str, Any]:
    """Params as a mapping; given as pairs, a name may come several times."""
    if isinstance(params, Mapping):
        return {str(name): value for name, value in params.items()}
    found: dict[str, Any] = {}
    for name, value in params:
        found[str(name)] = value if name not in found else [*np.atleast_1d(found[name]), value]
    return found


def _settings(config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """All settings in a booster's config, without what only the model's size or speed follows from."""
    for section, held in config.items():
        if section == "metrics":
            yield "eval_metric", ", ".join(metric["name"] for metric in held)
        elif section == "learner_model_param":
            yield "base_score", _number(held["base_score"].strip("[]"))
        elif section.endswith("_param") and section not in ("gbtree_model_param", "hist_train_param"):
            yield from ((name, _number(text)) for name, text in held.items())
        elif isinstance(held, dict):
            yield from _settings(held)
        elif isinstance(held, list):
            for part in held:
                yield from _settings(part)


def _number(text: str) -> Any:
    """XGBoost's numbers have single precision: 0.300000012 is what was given as 0.3."""
    value = scalar(text)
    if not isinstance(value, float):
        return value
    short = float(str(np.float32(value)))
    return short if abs(short - value) <= 1e-7 * abs(value) else value


def facts_of(matrix: Any) -> Any:
    """A matrix in its own numbers: its content cannot be had without a copy. All else as it is."""
    if not isinstance(matrix, xgboost.DMatrix):
        return matrix
    rows, columns = matrix.num_row(), matrix.num_col()
    facts = {
        "kind": type(matrix).__name__,
        "shape": [rows, columns],
        "columns": _columns(matrix),
        "missing": rows * columns - matrix.num_nonmissing(),
        "target": _target(matrix),
    }
    return DataFacts("", {name: fact for name, fact in facts.items() if fact is not None})


def _columns(matrix: Any) -> dict[str, str] | None:
    names, types = matrix.feature_names, matrix.feature_types
    return dict(zip(names[:MOST_FEATURES], types[:MOST_FEATURES], strict=False)) if names and types else None


def _target(matrix: Any) -> Any:
    label = matrix.get_label()
    return describe(None, label).facts["target"] if len(label) else None
