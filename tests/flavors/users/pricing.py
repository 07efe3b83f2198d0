"""Modules of a user's, as they lie beside a script: models of plain Python."""

from __future__ import annotations

from typing import Any

import numpy as np
from pricing_tools import scaled


def price(data: Any, factor: float = 2.0) -> Any:
    return scaled(data, factor).sum(axis=1)


class Tariff:
    """Holds arrays, plain values, and an object of another class of the user's."""

    def __init__(self, rates: Any) -> None:
        self.rates = np.asarray(rates)
        self.rounding = Rounding(digits=3)

    def predict(self, data: Any) -> Any:
        return self.rounding.applied(data @ self.rates)


class Rounding:
    def __init__(self, digits: int) -> None:
        self.digits = digits

    def applied(self, values: Any) -> Any:
        return np.round(values, self.digits)
