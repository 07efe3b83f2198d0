"""Whether a version is good enough for an alias.

    metrics.acc > alias:champion and metrics.loss < 0.5

A metric of the candidate's run is compared with the same metric of the run of the version
that has an alias now, or with a number.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from ..errors import AliasNotFound, FilterError, NotPromoted, RunNotFound
from .base import ModelVersion, Registry

if TYPE_CHECKING:
    from ..base import Store

_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
}
_TERM = re.compile(
    r"""\s* metrics? \. (?: `(?P<quoted>[^`]+)` | (?P<plain>[\w./-]+) )
        \s* (?P<operator> [<>=!]=? )
        \s* (?: alias: (?P<alias>[\w-]+) | (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?) )
        \s*""",
    re.VERBOSE,
)
_AND = re.compile(r"\band\b", re.IGNORECASE)


class Term(NamedTuple):
    """``metrics.<key> <operator> <other>``; the other is an alias or a number."""

    key: str
    operator: str
    other: str | float

    def __str__(self) -> str:
        other = f"alias:{self.other}" if isinstance(self.other, str) else f"{self.other:g}"
        return f"metrics.{self.key} {self.operator} {other}"


def terms(condition: str) -> list[Term]:
    """The parts of a condition, all of which must hold; none for an empty one. Raises FilterError."""
    found: list[Term] = []
    place = 0
    while condition[place:].strip():
        match = _TERM.match(condition, place)
        if match is None or match["operator"] not in _OPERATORS:
            raise _misread(condition, place, "a comparison such as metrics.acc > alias:champion")
        other = match["alias"] or float(match["number"])
        found.append(Term(match["quoted"] or match["plain"], match["operator"], other))
        place = match.end()
        joined = _AND.match(condition, place)
        if joined is None and place < len(condition):
            raise _misread(condition, place, "'and'")
        place = joined.end() if joined else place
        if joined and not condition[place:].strip():
            raise _misread(condition, place, "another comparison")
    return found


def reason(condition: str, candidate: ModelVersion, registry: Registry, store: Store) -> str:
    """The condition with the values that make it true. Raises NotPromoted where it is not."""
    return " and ".join(_checked(term, candidate, registry, store) for term in terms(condition))


def _checked(term: Term, candidate: ModelVersion, registry: Registry, store: Store) -> str:
    if isinstance(term.other, str):
        try:
            holder = registry.version_by_alias(candidate.name, term.other)
        except AliasNotFound:
            return f"{term} (no version has this alias yet)"
        limit = _metric(holder, term, store)
    else:
        limit = term.other
    value = _metric(candidate, term, store)
    values = f"{term} ({value:.12g} beside {limit:.12g})"
    if not _OPERATORS[term.operator](value, limit):
        raise NotPromoted(
            f"version {candidate.version} of model {candidate.name!r} is not promoted: {values}"
        )
    return values


def _metric(version: ModelVersion, term: Term, store: Store) -> float:
    """The last value of the metric in the version's run."""
    which = f"version {version.version} of model {version.name!r}"
    if version.run_id is None:
        raise NotPromoted(f"{term}: {which} has no run; register it with its run")
    try:
        metrics = store.get(version.run_id).metrics
    except RunNotFound as error:
        raise NotPromoted(f"{term}: {which} cannot be compared: {error}") from None
    if term.key not in metrics:
        known = ", ".join(sorted(metrics)[:5]) or "none"
        raise NotPromoted(
            f"{term}: run {version.run_id} of {which} has no metric {term.key!r}; it has {known}"
        )
    return metrics[term.key]


def _misread(condition: str, place: int, wanted: str) -> FilterError:
    place += len(condition[place:]) - len(condition[place:].lstrip())
    return FilterError(f"{wanted} is expected\n  {condition}\n  {' ' * place}^")
