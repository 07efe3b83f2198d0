"""Boosters inside of a skops file: built anew from their models, which are checked before.

What else their state holds matters to a training only, but for a few plain values.
"""

from __future__ import annotations

from typing import Any

from .contents import require


def lightgbm(kind: Any, state: Any) -> Any:
    """A `lightgbm.Booster`."""
    from ..boosters.lightgbmfile import check  # few files need it

    text = state.get("_handle", state.get("handle"))
    require(isinstance(text, str), "the text of a booster")
    check(text)
    booster = kind(model_str=text)
    best, name = state.get("best_iteration", -1), state.get("_train_data_name", "training")
    require(type(best) is int and isinstance(name, str), "the best iteration of a booster")
    booster.best_iteration = best
    booster.best_score = state.get("best_score", {})
    booster.params = state.get("params", {})
    return booster


def xgboost(kind: Any, state: Any) -> Any:
    """A `xgboost.Booster`, which is kept with the config of its training; that is left out."""
    from ..boosters.ubjson import parts
    from ..boosters.xgboostfile import check

    handle = state["handle"]
    require(type(handle) is bytearray, "the content of a booster")
    model = parts(bytes(handle))["Model"]
    check(model)
    return kind(model_file=bytearray(model))
