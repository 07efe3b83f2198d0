"""What of a filter an MLflow server can answer: less to send, and the rest is decided here.

MLflow knows ``and`` alone. So only the terms that must all hold are sent, and of these such as
let no run out that we would take: the answer is filtered here anyway.
"""

from __future__ import annotations

import math

from ..query.tree import AllOf, Comparison, Node, comparisons
from .keys import ODD
from .names import encoded

_ORDERED = ("=", "<", "<=", ">", ">=")
_LONGEST = 200


def conditions(tree: Node) -> list[str]:
    """The filters that together find every run that the tree may want."""
    terms = [
        term for term in (tree.terms if isinstance(tree, AllOf) else (tree,)) if isinstance(term, Comparison)
    ]
    sure = list(filter(None, map(_attribute, terms)))
    logged = list(filter(None, map(_logged, terms)))
    if not logged:
        return [" and ".join(sure)]
    return [" and ".join([*sure, *logged]), " and ".join([*sure, f"tags.`{ODD}` = 'true'"])]


def speaks_of(tree: Node, *attributes: str) -> bool:
    return any(term.field.kind == "attributes" and term.field.key in attributes for term in comparisons(tree))


def experiment_of(tree: Node) -> str | None:
    """The one experiment that the runs must be of."""
    for term in tree.terms if isinstance(tree, AllOf) else (tree,):
        if isinstance(term, Comparison) and str(term.field) == "experiment" and term.operator == "=":
            return str(term.value)
    return None


def _attribute(term: Comparison) -> str | None:
    """A term about the run itself, which MLflow reads as we do."""
    if term.field.kind != "attributes":
        return None
    if term.field.key == "status" and term.operator == "=":
        return f"attributes.status = '{term.value}'"
    if term.field.key == "start_time" and term.operator in _ORDERED and isinstance(term.value, int):
        return f"attributes.start_time {term.operator} {term.value}"
    return None


def _logged(term: Comparison) -> str | None:
    """A term about what was logged, which holds for our runs unless they are marked as odd."""
    key, value = term.field.key, term.value
    if encoded(key) != key or "`" in key:
        return None
    if term.field.kind == "metrics" and term.operator in _ORDERED and isinstance(value, (int, float)):
        plain = math.isfinite(value) and abs(value) < 1e15 and not isinstance(value, bool)
        return f"metrics.`{key}` {term.operator} {value:.15f}" if plain and value == round(value, 6) else None
    if term.field.kind in ("params", "tags") and term.operator == "=" and isinstance(value, str):
        plain = len(value) < _LONGEST and value.isprintable() and not any(c in value for c in "'\"\\")
        return f"{term.field.kind}.`{key}` = '{value}'" if plain else None
    return None
