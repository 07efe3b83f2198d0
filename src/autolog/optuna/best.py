"""Which trials no other beats: the best one, or with several objectives the Pareto front."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Values = tuple[float, ...]


class Best:
    """The best of the trials that were added. Costs what it holds, not what was added.

    Of equal values the first counts, with several objectives each.
    """

    def __init__(self, directions: Iterable[Any]) -> None:
        self._signs = tuple(-1.0 if direction.name == "MAXIMIZE" else 1.0 for direction in directions)
        self._front: dict[int, Values] = {}

    def __contains__(self, number: int) -> bool:
        return number in self._front

    @property
    def one(self) -> tuple[int, float] | None:
        """Number and value of the best trial, where there is one objective."""
        if len(self._signs) > 1 or not self._front:
            return None
        ((number, values),) = self._front.items()
        return number, values[0] * self._signs[0]

    def takes(self, values: Sequence[float]) -> bool:
        """Whether a trial of these values would be among the best."""
        new, ties = self._costs(values), len(self._signs) > 1
        return not any(
            _dominates(known, new) or (known == new and not ties) for known in self._front.values()
        )

    def add(self, number: int, values: Sequence[float]) -> list[int]:
        """Take in a trial that is among the best; returns those that no longer are."""
        new = self._costs(values)
        beaten = [other for other, known in self._front.items() if _dominates(new, known)]
        for other in beaten:
            del self._front[other]
        self._front[number] = new
        return beaten

    def _costs(self, values: Sequence[float]) -> Values:
        """What is to be low, whatever the directions."""
        return tuple(sign * value for sign, value in zip(self._signs, values, strict=True))


def _dominates(one: Values, other: Values) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))


def best_of(study: Any, trials: Iterable[Any]) -> Best:
    """The best of ``trials``, frozen ones of the study."""
    best = Best(study.directions)
    for trial in trials:
        if trial.state.name == "COMPLETE" and best.takes(trial.values) and is_feasible(trial):
            best.add(trial.number, trial.values)
    return best


def is_feasible(trial: Any) -> bool:
    """Whether a frozen trial keeps all its constraints: none is above 0.

    Optuna has them as ``constraints`` from 4.6 on, before that among the system's attributes.
    """
    found = getattr(trial, "constraints", None)
    if found is None:
        found = trial.system_attrs.get("constraints") or ()
    return all(value <= 0 for value in (found.values() if isinstance(found, Mapping) else found))
