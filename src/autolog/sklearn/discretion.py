"""Asking a model what the user did not ask: nobody sees, hears or feels it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ...tracking.context import entered
from ..warnings_ import unheard
from .eligible import state_of
from .randomness import untouched


@contextmanager
def discreet(estimator: Any, params: Mapping[str, Any]) -> Iterator[None]:
    """No call in here is recorded, no warning shown, no random stream moved on."""
    with entered(inside_fit=True), unheard(), untouched(params, state_of(estimator)):
        yield


def prints(params: Mapping[str, Any]) -> str | None:
    """The parameter by which the model prints when it predicts, as joblib's progress; None if silent.

    Where output goes is the whole process's affair and cannot be changed for one call.
    """
    for key, value in params.items():
        if key.endswith("verbose") and value and f"{key.removesuffix('verbose')}n_jobs" in params:
            return f"{key}={value!r}"
    return None
