"""Which models a filter wants: the language of runs, answered without a database."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..errors import FilterError
from ..query.tree import AllOf, AnyOf, Comparison, Node, Not, Plain, Value, comparisons
from .base import RegisteredModel


def wanted(models: Iterable[RegisteredModel], filter: str) -> list[RegisteredModel]:
    """The models that match; all of them for an empty filter. Raises FilterError."""
    if not filter.strip():
        return list(models)
    from ..query.language import parse

    tree = parse(filter)
    for term in comparisons(tree):
        if term.field.kind != "tags" and str(term.field) != "name":
            raise FilterError(f"a model is found by name and tags.KEY, not by {term.field}")
    return [model for model in models if _holds(tree, model)]


def _holds(node: Node, model: RegisteredModel) -> bool:
    if isinstance(node, AllOf):
        return all(_holds(term, model) for term in node.terms)
    if isinstance(node, AnyOf):
        return any(_holds(term, model) for term in node.terms)
    if isinstance(node, Not):
        return not _holds(node.term, model)
    return _compares(node, model.tags.get(node.field.key) if node.field.kind == "tags" else model.name)


def _compares(comparison: Comparison, text: str | None) -> bool:
    """A comparison with what a model does not have is false, whichever it is."""
    if comparison.operator in ("is null", "is not null"):
        return (text is None) == (comparison.operator == "is null")
    if text is None:
        return False
    plain = comparison.operator.removeprefix("not ")
    negated = plain != comparison.operator
    return negated != _TESTS[plain](text, comparison.value)


def _compared(test: Callable[[Any, Any], bool]) -> Callable[[str, Any], bool]:
    """Texts with texts; with a number, the number that a text reads as."""

    def compare(text: str, value: Plain) -> bool:
        if isinstance(value, bool):
            return test(text.lower(), str(value).lower())
        if isinstance(value, str):
            return test(text, value)
        number = _number(text)
        return not math.isnan(number) and test(number, value)

    return compare


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _like(pattern: str, *, flags: int = 0) -> re.Pattern[str]:
    parts = ({"%": ".*", "_": "."}.get(c) or re.escape(c) for c in pattern)
    return re.compile("".join(parts), flags | re.DOTALL)


def _is_in(text: str, values: Value) -> bool:
    return isinstance(values, tuple) and any(_TESTS["="](text, value) for value in values)


_TESTS: Mapping[str, Callable[[str, Any], bool]] = {
    "=": _compared(operator.eq),
    "!=": _compared(operator.ne),
    "<": _compared(operator.lt),
    "<=": _compared(operator.le),
    ">": _compared(operator.gt),
    ">=": _compared(operator.ge),
    "in": _is_in,
    "like": lambda text, pattern: _like(pattern).fullmatch(text) is not None,
    "ilike": lambda text, pattern: _like(pattern, flags=re.IGNORECASE).fullmatch(text) is not None,
    "=~": lambda text, pattern: re.search(pattern, text) is not None,
    "!~": lambda text, pattern: re.search(pattern, text) is None,
}
