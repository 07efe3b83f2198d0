"""The order of models and versions, as ``order_by`` asks for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import TypeVar

from .errors import invalid

T = TypeVar("T")
Order = tuple[str, bool]
"""An attribute of what is sorted, and whether the largest comes first."""


def orders(texts: Iterable[str], known: Mapping[str, str]) -> list[Order]:
    """What ``name DESC`` and the like mean; ``known`` has the attribute of each key. Raises Refused."""
    found: list[Order] = []
    for text in texts:
        key, _, direction = text.strip().partition(" ")
        key, direction = key.removeprefix("attribute.").strip('`"'), direction.strip().upper()
        if key not in known:
            raise invalid(
                f"Invalid order by key '{key}' specified. Valid keys are {', '.join(sorted(known))}"
            )
        if direction not in ("", "ASC", "DESC"):
            raise invalid(f"Invalid order_by clause '{text}'")
        found.append((known[key], direction == "DESC"))
    return found


def sort(found: Iterable[T], by: Sequence[Order]) -> list[T]:
    """By the first order; where that leaves a tie by the second, and so on."""
    result = list(found)
    for attribute, descending in reversed(by):
        result.sort(key=attrgetter(attribute), reverse=descending)
    return result
