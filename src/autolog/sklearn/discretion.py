"""Asking a model what the user did not ask: nobody sees, hears or feels it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sklearn import get_config

from ...flavors.streams import untouched
from ...tracking.context import entered
from ..warnings_ import unheard
from .eligible import state_of


@contextmanager
def discreet(estimator: Any, params: Mapping[str, Any]) -> Iterator[None]:
    """No call in here is recorded, no warning shown, no random stream moved on."""
    with entered(inside_fit=True), unheard(), untouched(params, state_of(estimator)):
        yield


def objection(params: Mapping[str, Any]) -> str | None:
    """Why this model must not be asked at all; None when it may."""
    if get_config()["enable_metadata_routing"]:
        return "metadata routing is on, and a prediction may need metadata"
    for key, value in params.items():
        if value is False and key.rpartition("__")[2] in ("copy", "copy_X", "copy_x"):
            return f"with {key}=False the fit may have changed the data"
        # LightGBM is silent with less than 0, which joblib and scikit-learn do not take.
        loud = value and not (isinstance(value, int) and value < 0)
        if key.endswith("verbose") and loud and f"{key.removesuffix('verbose')}n_jobs" in params:
            # As joblib's progress does. Where output goes cannot be changed for one call.
            return f"with {key}={value!r} the model prints when it predicts"
    return None
