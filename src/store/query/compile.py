"""Trees as SQL: a filter becomes a condition on ``runs``, a sorting its ORDER BY.

No condition is ever NULL, so that ``not`` is the plain opposite. A comparison with what
a run logged is ``id IN (SELECT run …)``: SQLite answers it from one covering index and
lets the most selective one lead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from ..index.schema import experiments, inputs, metrics, params, runs, tags
from . import dialect
from .dialect import Column, Condition
from .tree import AllOf, AnyOf, Comparison, Field, Node, Not, Operator, Plain, Sorting, Value

_MAY_BE_MISSING = ("start_time", "end_time", "duration", "error", "parent")
_TABLES = {"metrics": metrics, "params": params, "tags": tags, "datasets": inputs}


def condition(node: Node) -> Condition:
    """True for the runs that the filter wants. Expects ``experiments`` to be joined."""
    if isinstance(node, AllOf):
        return sa.and_(sa.true(), *map(condition, node.terms))
    if isinstance(node, AnyOf):
        return sa.or_(*map(condition, node.terms))
    if isinstance(node, Not):
        return sa.not_(condition(node.term))
    if node.field.kind == "attributes":
        return _attribute(node)
    return _logged(node)


def ordering(sortings: Sequence[Sorting]) -> list[Column]:
    """What is missing (or NaN) comes last either way; ties: the newest first, as the log has them."""
    keys = [_directed(key, sorting) for sorting in sortings for key in _sort_keys(sorting.field)]
    return [*keys, runs.c.start_time.desc().nulls_last(), runs.c.id.desc()]


def _logged(comparison: Comparison) -> Condition:
    """A comparison with a metric, a param, a tag or a data set of the run."""
    field, operator = comparison.field, comparison.operator
    table = _TABLES[field.kind]
    found = sa.select(table.c.run)
    if field.kind != "datasets":
        found = found.where(table.c.key == field.key)
    if operator == "is null":
        return runs.c.id.not_in(found)
    if operator != "is not null":
        found = found.where(_value_test(field, operator, comparison.value))
    return runs.c.id.in_(found)


def _value_test(field: Field, operator: Operator, value: Value) -> Condition:
    if isinstance(value, bool):
        operator, value = ("in" if operator == "=" else "not in"), (value,)
    if not isinstance(value, tuple):
        return _TESTS[operator](_column(field, value), value)
    # A list may hold numbers and texts, which are compared with different columns.
    numbers = [item for item in value if _is_number(item)]
    texts = [text for item in value if not _is_number(item) for text in _spellings(item)]
    join = sa.and_ if operator == "not in" else sa.or_
    return join(*(_TESTS[operator](_column(field, some[0]), some) for some in (numbers, texts) if some))


def _is_number(value: Value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _spellings(value: Plain) -> list[str]:
    """The texts that a value is logged as: True is "True" in a param, often "true" in a tag."""
    return [str(value), str(value).lower()] if isinstance(value, bool) else [str(value)]


def _column(field: Field, value: Value) -> Column:
    """What is compared with ``value``: numbers with numbers, texts with texts."""
    if field.kind == "metrics":
        return metrics.c.last
    if field.kind == "params":
        return params.c.number if _is_number(value) else params.c.text
    if field.kind == "tags":
        return tags.c.number if _is_number(value) else tags.c.value
    return inputs.c[field.key]


def _attribute(comparison: Comparison) -> Condition:
    key, operator, value = comparison.field.key, comparison.operator, comparison.value
    column = _attribute_column(key)
    if operator in ("is null", "is not null"):
        return _TESTS[operator](column, None)
    if isinstance(value, bool):
        return column if value == (operator == "=") else sa.not_(column)
    if key == "parent" and isinstance(value, str):
        test = _is_nested_in(value) if operator == "=" else sa.not_(_is_nested_in(value))
    else:
        test = _TESTS[operator](column, value)
    return sa.and_(column.is_not(None), test) if key in _MAY_BE_MISSING else test


def _attribute_column(key: str) -> Column:
    if key == "experiment":
        return experiments.c.name
    if key == "deleted":
        return runs.c.deleted | experiments.c.deleted
    if key == "children":
        return _number_of_children()
    if key == "duration":
        return (runs.c.end_time - runs.c.start_time) / sa.literal(1000.0)
    return runs.c[key]


def _number_of_children() -> Column:
    child = runs.alias("child")
    count = sa.select(sa.func.count()).where(child.c.parent == runs.c.run_id, sa.not_(child.c.deleted))
    return count.select_from(child).correlate(runs).scalar_subquery()


def _is_nested_in(id: str) -> Condition:
    """The parent has this id or, when no run has, an id that begins with it."""
    named = runs.alias("named")
    exact = sa.exists().where(named.c.run_id == id)
    beginning = sa.and_(runs.c.parent >= id, runs.c.parent < id + "\U0010ffff")
    return sa.or_(runs.c.parent == id, sa.and_(beginning, sa.not_(exact)))


def _sort_keys(field: Field) -> list[Column]:
    """Numbers come before texts, and are not sorted as such."""
    if field.kind == "attributes":
        return [_attribute_column(field.key)]
    if field.kind == "metrics":
        return [_logged_value(field, metrics.c.last)]
    number, text = _column(field, 0), _column(field, "")
    return [_logged_value(field, number), _logged_value(field, sa.case((number.is_(None), text)))]


def _logged_value(field: Field, column: Column) -> Column:
    table = _TABLES[field.kind]
    found = sa.select(column).where(table.c.run == runs.c.id, table.c.key == field.key)
    return found.correlate(runs).scalar_subquery()


def _directed(key: Column, sorting: Sorting) -> Column:
    return (key.desc() if sorting.descending else key.asc()).nulls_last()


_TESTS: Mapping[Operator, Callable[[Column, Any], Condition]] = {
    "=": lambda column, value: column == value,
    "!=": lambda column, value: column.is_distinct_from(value),
    "<": lambda column, value: column < value,
    "<=": lambda column, value: column <= value,
    ">": lambda column, value: column > value,
    ">=": lambda column, value: column >= value,
    "in": lambda column, values: column.in_(values),
    "not in": lambda column, values: sa.or_(column.is_(None), column.not_in(values)),
    "like": dialect.like,
    "not like": lambda column, pattern: sa.not_(dialect.like(column, pattern)),
    "ilike": dialect.ilike,
    "not ilike": lambda column, pattern: sa.not_(dialect.ilike(column, pattern)),
    "=~": dialect.matches,
    "!~": lambda column, pattern: sa.not_(dialect.matches(column, pattern)),
    "is null": lambda column, _: column.is_(None),
    "is not null": lambda column, _: column.is_not(None),
    "is nan": lambda column, _: column.is_(None),
    "is not nan": lambda column, _: column.is_not(None),
}
