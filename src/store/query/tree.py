"""A filter as a tree: what the parser makes and what SQL is made from.

Every node prints as the filter it stands for, so a filter can also be built here and
needs no quoting by hand. Trees are kept in one form: `all_of`, `any_of` and `opposite`
join what can be joined, so two filters that differ in their parentheses are equal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["metrics", "params", "tags", "datasets", "attributes"]
Operator = Literal[
    "=", "!=", "<", "<=", ">", ">=", "=~", "!~", "like", "not like", "ilike", "not ilike",
    "in", "not in", "is null", "is not null", "is nan", "is not nan",
]  # fmt: skip
Plain = str | float | bool
Value = Plain | tuple[Plain, ...] | None


@dataclass(frozen=True, slots=True)
class Field:
    """What is compared or sorted by: a metric's last value, a param, a tag…"""

    kind: Kind
    key: str

    def __str__(self) -> str:
        if self.kind == "attributes":
            return self.key
        if re.fullmatch(r"[\w./-]+", self.key):
            return f"{self.kind}.{self.key}"
        quote = '"' if "`" in self.key else "`"
        return f"{self.kind}.{quote}{self.key}{quote}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """``value`` is a tuple for the lists of ``in``, None where the operator says it all."""

    field: Field
    operator: Operator
    value: Value = None

    def __str__(self) -> str:
        if self.operator in ("is nan", "is not nan"):
            return f"{self.field} {'=' if self.operator == 'is nan' else '!='} nan"
        if self.value is None:
            return f"{self.field} {self.operator}"
        if isinstance(self.value, tuple):
            return f"{self.field} {self.operator} ({', '.join(map(_literal, self.value))})"
        return f"{self.field} {self.operator} {_literal(self.value)}"


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every term holds. Without terms: everything, the empty filter."""

    terms: tuple[Node, ...]

    def __str__(self) -> str:
        return " and ".join(map(_grouped, self.terms))


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one term holds."""

    terms: tuple[Node, ...]

    def __str__(self) -> str:
        return " or ".join(map(_grouped, self.terms))


@dataclass(frozen=True, slots=True)
class Not:
    """The term does not hold: neither, for one, where there is nothing to compare."""

    term: Node

    def __str__(self) -> str:
        return f"not {_grouped(self.term)}"


Node = Comparison | AllOf | AnyOf | Not

EVERYTHING = AllOf(())


@dataclass(frozen=True, slots=True)
class Sorting:
    """One key to sort by."""

    field: Field
    descending: bool = False

    def __str__(self) -> str:
        return f"{self.field} {'desc' if self.descending else 'asc'}"


def all_of(terms: Iterable[Node]) -> Node:
    joined = tuple(part for term in terms for part in (term.terms if isinstance(term, AllOf) else (term,)))
    return joined[0] if len(joined) == 1 else AllOf(joined)


def any_of(terms: Iterable[Node]) -> Node:
    joined = tuple(part for term in terms for part in (term.terms if isinstance(term, AnyOf) else (term,)))
    return joined[0] if len(joined) == 1 else AnyOf(joined)


def opposite(term: Node) -> Node:
    return term.term if isinstance(term, Not) else Not(term)


def levels(node: Node) -> Iterator[list[Node]]:
    """The nodes of a tree, level by level: no recursion, however deep it is."""
    level = [node]
    while level:
        yield level
        level = [part for node in level for part in _parts(node)]


def comparisons(node: Node) -> Iterator[Comparison]:
    return (node for level in levels(node) for node in level if isinstance(node, Comparison))


def _parts(node: Node) -> tuple[Node, ...]:
    if isinstance(node, Not):
        return (node.term,)
    return () if isinstance(node, Comparison) else node.terms


def _grouped(node: Node) -> str:
    return f"({node})" if isinstance(node, (AllOf, AnyOf)) else str(node)


def _literal(value: Plain) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value).lower() if isinstance(value, bool) else repr(value)
