"""What a fit was given, and every k-th row of it, without a copy of the whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ..engine import Call


@dataclass(frozen=True)
class Data:
    """The rows of a fit: ``X``, the target and the weights (None where there are none).

    ``n`` is the number of rows; 0 when X does not say, as an iterator.
    """

    X: Any
    y: Any = None
    weight: Any = None
    n: int = 0

    def every(self, step: int) -> Data:
        """Each ``step``-th row; all of them, untouched, for 1. Raises what X does that cannot be sliced."""
        if step == 1:
            return self
        X, y, weight = (_every(part, step) for part in (self.X, self.y, self.weight))
        return Data(X, y, weight, -(-self.n // step))

    def guarded(self) -> Data:
        """The same data, without a copy, for models that may write into what they are given."""
        return Data(_guarded(self.X), _guarded(self.y), _guarded(self.weight), self.n)


def data_of(call: Call) -> Data:
    """The data in a call of ``fit`` or the like, by position or by name."""
    X = call.args[0] if call.args else call.kwargs.get("X")
    y = call.args[1] if len(call.args) > 1 else call.kwargs.get("y")
    weight = call.argument("sample_weight")
    n = _count(X)
    return Data(X, y if _count(y) == n else None, weight if _count(weight) == n else None, n)


def _count(data: Any) -> int:
    try:
        return int(data.shape[0]) if hasattr(data, "shape") else len(data)
    except Exception:  # noqa: BLE001 - no data we know
        return 0


def _guarded(data: Any) -> Any:
    """Arrays cannot be written to, DataFrames only in a shallow copy: the user's own stay as they are."""
    if isinstance(data, np.ndarray):
        view = data.view()
        view.flags.writeable = False
        return view
    return data.copy(deep=False) if hasattr(data, "iloc") else data


def _every(data: Any, step: int) -> Any:
    if data is None:
        return None
    return data.iloc[::step] if hasattr(data, "iloc") else data[::step]
