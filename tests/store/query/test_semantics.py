"""Filters found by chance, answered by SQL and by plain Python: the answers are the same."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autolog.store.base import RunData
from autolog.store.query import find
from autolog.store.query.tree import AllOf, AnyOf, Comparison, Field, Node, Not, all_of, any_of, opposite
from tests.store.query.filled import index_of, read_number, run_data

TEXTS = [
    "",
    "a",
    "A",
    "ab",
    "a%",
    "a_b",
    "[a]",
    "*",
    "ä",
    "Ä",
    "1",
    "1.0",
    "-2",
    "1e0",
    "True",
    "true",
    "a\nb",
]
PATTERNS = [*TEXTS, "%", "_", "%b", "a%b", "[a%", "ä_", "%Ä%"]
EXPRESSIONS = ["a", "^a", "b$", "[0-9]", "(?i)Ä", ".", "a.b"]
FLOATS = [-2.0, 0.0, 0.5, 1.0, math.inf, -math.inf]
SCALARS = [*TEXTS, 1, 0.5, -2, True, False, None]
KEYS = ["x", "y"]
STATUSES = ["RUNNING", "FINISHED", "FAILED"]
TIMES = [None, 0, 1_000, 2_500]


# The same question to Python


def holds(node: Node, run: RunData, runs: Sequence[RunData]) -> bool:
    if isinstance(node, AllOf):
        return all(holds(term, run, runs) for term in node.terms)
    if isinstance(node, AnyOf):
        return any(holds(term, run, runs) for term in node.terms)
    if isinstance(node, Not):
        return not holds(node.term, run, runs)
    found = logged(node.field, run, runs)
    if node.operator in ("is null", "is not null"):
        return (found is None) == (node.operator == "is null")
    return found is not None and compared(node, found[0])


def logged(field: Field, run: RunData, runs: Sequence[RunData]) -> tuple[Any] | None:
    """What the field is in this run, in a tuple; None when it is missing."""
    if field.kind != "attributes":
        values: Mapping[str, Any] = getattr(run, field.kind)
        return (values[field.key],) if field.key in values else None
    if field.key == "children":
        return (sum(other.parent_id == run.id for other in runs),)
    value = getattr(run, {"run_id": "id", "parent": "parent_id"}.get(field.key, field.key))
    return None if value is None else (value,)


def compared(term: Comparison, found: Any) -> bool:
    operator, value = term.operator, term.value
    if operator in ("is nan", "is not nan"):
        return math.isnan(found) == (operator == "is nan")
    if operator.startswith("not ") or operator in ("!=", "!~"):
        positive = {"!=": "=", "!~": "=~"}.get(operator, operator.removeprefix("not "))
        return not compared(Comparison(term.field, positive, value), found)  # type: ignore[arg-type]
    if operator == "in":
        assert isinstance(value, tuple)
        return any(compared(Comparison(term.field, "=", item), found) for item in value)
    if isinstance(value, bool):
        return (
            found == value
            if isinstance(found, bool) and term.field.key == "stale"
            else same_flag(found, value)
        )
    if isinstance(value, (int, float)):
        number = found if isinstance(found, float) else read_number(found)
        return number is not None and TESTS[operator](number, value)
    return TESTS[operator](str(found), value)


def same_flag(found: Any, value: bool) -> bool:
    return str(found) in (str(value), str(value).lower())


def like(text: str, pattern: str, flags: int = 0) -> bool:
    regex = "".join({"%": ".*", "_": "."}.get(c) or re.escape(c) for c in pattern)
    return re.fullmatch(regex, text, re.DOTALL | flags) is not None


TESTS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda found, value: found == value,
    "<": lambda found, value: found < value,
    "<=": lambda found, value: found <= value,
    ">": lambda found, value: found > value,
    ">=": lambda found, value: found >= value,
    "like": like,
    "ilike": lambda found, pattern: like(found, pattern, re.IGNORECASE),
    "=~": lambda found, pattern: re.search(pattern, found) is not None,
}


# Runs and filters


def some(keys: list[str], values: list[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(keys), st.sampled_from(values))


@st.composite
def some_runs(draw: st.DrawFn) -> list[RunData]:
    ids = draw(st.lists(st.sampled_from(["aa", "ab", "b", "c", "d"]), unique=True, min_size=1))
    return [
        run_data(
            id,
            name=draw(st.sampled_from(TEXTS)),
            status=draw(st.sampled_from(STATUSES)),
            stale=draw(st.booleans()),
            parent_id=draw(st.sampled_from([None, "aa", "c", "zz"])),
            start_time=draw(st.sampled_from(TIMES)),
            end_time=draw(st.sampled_from(TIMES)),
            error=draw(st.sampled_from([None, *TEXTS])),
            params=draw(some(KEYS, SCALARS)),
            metrics=draw(some(KEYS, [*FLOATS, math.nan])),
            tags=draw(some(KEYS, TEXTS)),
        )
        for id in ids
    ]


def of(kind: str, keys: list[str]) -> st.SearchStrategy[Field]:
    return st.builds(Field, st.just(kind), st.sampled_from(keys))


def terms() -> st.SearchStrategy[Node]:
    scalar = of("params", KEYS) | of("tags", KEYS)
    text = scalar | of("attributes", ["name", "error", "run_id"])
    number = scalar | of("metrics", KEYS) | of("attributes", ["children"])
    time = of("attributes", ["start_time", "end_time"])
    anything = text | number | time | of("attributes", ["parent", "status"])
    one_of, build = st.sampled_from, st.builds
    plain = scalar.flatmap(lambda field: build(Comparison, st.just(field), one_of(["in", "not in"]), lists()))
    return st.one_of(
        build(
            Comparison,
            number | time,
            one_of(["=", "!=", "<", "<=", ">", ">="]),
            one_of([*FLOATS, 0, 1, 2_500]),
        ),
        build(Comparison, text, one_of(["=", "!="]), one_of(TEXTS)),
        build(Comparison, text, one_of(["<", ">="]), one_of(["", "A", "ab", "ä"])),
        build(Comparison, text, one_of(["like", "not like", "ilike", "not ilike"]), one_of(PATTERNS)),
        build(Comparison, text, one_of(["=~", "!~"]), one_of(EXPRESSIONS)),
        build(Comparison, scalar, one_of(["=", "!="]), st.booleans()),
        build(Comparison, of("attributes", ["stale"]), one_of(["=", "!="]), st.booleans()),
        build(Comparison, of("attributes", ["status"]), one_of(["=", "!="]), one_of(STATUSES)),
        build(Comparison, of("attributes", ["parent"]), one_of(["=", "!="]), one_of(["aa", "c", "x"])),
        build(Comparison, of("metrics", KEYS), one_of(["is nan", "is not nan"])),
        build(Comparison, anything, one_of(["is null", "is not null"])),
        plain,
    )


def lists() -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(st.sampled_from([*TEXTS, *FLOATS, True]), min_size=1, max_size=3).map(tuple)


def filters() -> st.SearchStrategy[Node]:
    return st.recursive(
        terms(),
        lambda inner: st.one_of(
            st.lists(inner, min_size=2, max_size=3).map(all_of),
            st.lists(inner, min_size=2, max_size=3).map(any_of),
            inner.map(opposite),
        ),
        max_leaves=5,
    )


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(some_runs(), st.lists(filters(), min_size=1, max_size=6))
def test_sql_answers_as_python_does(runs: list[RunData], asked: list[Node]) -> None:
    with index_of(runs) as connection:
        for node in asked:
            found = {run.id for run in find(connection, str(node))}
            assert found == {run.id for run in runs if holds(node, run, runs)}, str(node)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(some_runs(), st.sampled_from(["metrics.x", "params.x", "tags.y", "start_time"]), st.booleans())
def test_runs_without_a_value_come_last(runs: list[RunData], key: str, descending: bool) -> None:
    with index_of(runs) as connection:
        found = find(connection, order_by=f"{key} {'desc' if descending else 'asc'}")  # type: ignore[arg-type]
    numbers = [number_of(run, key) for run in found]
    known = [number for number in numbers if number is not None]
    assert numbers[: len(known)] == sorted(known, reverse=descending)
    assert {run.id for run in found} == {run.id for run in runs}


def number_of(run: RunData, key: str) -> float | None:
    kind, _, name = key.partition(".")
    return run.start_time if kind == "start_time" else read_number(getattr(run, kind).get(name))
