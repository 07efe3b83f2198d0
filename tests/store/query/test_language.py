"""What is a filter, what it means as a tree, and what its errors point at."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autolog.store.errors import FilterError
from autolog.store.query.fields import ATTRIBUTES
from autolog.store.query.language import MOST_COMPARISONS, MOST_VALUES, parse, parse_order
from autolog.store.query.tree import (
    EVERYTHING,
    AllOf,
    AnyOf,
    Comparison,
    Field,
    Node,
    Not,
    all_of,
    any_of,
    levels,
    opposite,
)

ACC = Comparison(Field("metrics", "acc"), ">", 0.9)
LR = Comparison(Field("params", "lr"), "=", "0.1")
NAME = Comparison(Field("attributes", "name"), "like", "a%")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", EVERYTHING),
        (" \n ", EVERYTHING),
        ("metrics.acc > 0.9", ACC),
        ("metric.acc>.9", ACC),
        ("METRICS.acc > 9e-1", ACC),
        ("metrics.acc > 0.9 and params.lr = '0.1'", AllOf((ACC, LR))),
        ("metrics.acc > 0.9 AND (params.lr == \"0.1\" And name LIKE 'a%')", AllOf((ACC, LR, NAME))),
        ("metrics.acc > 0.9 or params.lr = '0.1' and name like 'a%'", AnyOf((ACC, AllOf((LR, NAME))))),
        ("(metrics.acc > 0.9 or params.lr = '0.1') and name like 'a%'", AllOf((AnyOf((ACC, LR)), NAME))),
        ("not metrics.acc > 0.9 and params.lr = '0.1'", AllOf((Not(ACC), LR))),
        ("not (metrics.acc > 0.9 and params.lr = '0.1')", Not(AllOf((ACC, LR)))),
        ("not not metrics.acc > 0.9", ACC),
        ("((((metrics.acc > 0.9))))", ACC),
        ("(" * 10_000 + "metrics.acc > 0.9" + ")" * 10_000, ACC),
        ("not " * 10_000 + "metrics.acc > 0.9", ACC),
    ],
)
def test_trees(text: str, tree: Node) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("metrics.`val acc`", Field("metrics", "val acc")),
        ('metrics."val`acc"', Field("metrics", "val`acc")),
        ("params.clf__C", Field("params", "clf__C")),
        ("parameter.x", Field("params", "x")),
        ("tag.autolog.best", Field("tags", "autolog.best")),
        ("tags.val/loss-2", Field("tags", "val/loss-2")),
        ("params.größe", Field("params", "größe")),
        ("params.and", Field("params", "and")),
        ("dataset.digest", Field("datasets", "digest")),
        ("attributes.run_name", Field("attributes", "name")),
        ("attr.`run name`", Field("attributes", "name")),
        ("run.id", Field("attributes", "run_id")),
        ("Created", Field("attributes", "start_time")),
        ("parent_id", Field("attributes", "parent")),
        ("notes", None),
    ],
)
def test_fields(text: str, field: Field | None) -> None:
    if field is None:
        with pytest.raises(FilterError, match="no attribute"):
            parse(f"{text} is null")
    else:
        assert parse(f"{text} is null") == Comparison(field, "is null")


@pytest.mark.parametrize(
    ("text", "operator", "value"),
    [
        ("params.x = 1", "=", 1),
        ("params.x = -1.5e3", "=", -1500.0),
        ("params.x < inf", "<", math.inf),
        ("params.x = 123456789012345678901234567890", "=", 123456789012345678901234567890.0),
        ("params.x = 'it''s \"x\"'", "=", 'it\'s "x"'),
        ('params.x = "it\'s ""x"""', "=", 'it\'s "x"'),
        ("params.x = true", "=", True),
        ("params.x IN (1, 'a', FALSE)", "in", (1, "a", False)),
        ("params.x not  in ('a')", "not in", ("a",)),
        ("params.x NOT LIKE 'a'", "not like", "a"),
        ("params.x ILike 'a'", "ilike", "a"),
        ("params.x =~ '^a+$'", "=~", "^a+$"),
        ("params.x !~ '\\d'", "!~", "\\d"),
        ("params.x IS\nNULL", "is null", None),
        ("params.x is NOT null", "is not null", None),
        ("metrics.x = NaN", "is nan", None),
        ("metrics.x != nan", "is not nan", None),
        ("start_time >= '2026-11-01'", ">=", 1793491200000),
        ("start_time >= '2026-11-01T01:00:00+01:00'", ">=", 1793491200000),
        ("start_time >= '2026-11-01 00:00:00.250'", ">=", 1793491200250),
        ("start_time >= 1793491200000", ">=", 1793491200000),
        ("status in ('FAILED', 'KILLED')", "in", ("FAILED", "KILLED")),
        ("stale = true", "=", True),
        ("children > 0", ">", 0),
        ("parent = 'abcd'", "=", "abcd"),
    ],
)
def test_operators_and_values(text: str, operator: str, value: object) -> None:
    tree = parse(text)
    assert isinstance(tree, Comparison)
    assert (tree.operator, tree.value) == (operator, value)


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("metrics.acc >", 13, "a value is missing at the end"),
        ("metrics.acc > adam", 14, "in quotes: 'adam'"),
        ("name = 'abc", 7, "this ' has no second one"),
        ("params.`abc = 3", 7, "this ` has no second one"),
        ("metrics.acc ? 3", 12, "'?' means nothing here"),
        ("metrics.a in ()", 14, "a value is expected, not ')'"),
        ("metrics.a = 1 metrics.b = 2", 14, "'and' or 'or' is expected"),
        ("(name = 'x'", 11, "')' is missing at the end"),
        ("name = 'x')", 10, "expected, not ')'"),
        ("name = 'x' and and name = 'y'", 15, "such as metrics.acc"),
        ("name 'x'", 5, "a comparison such as"),
        ("name is 3", 8, "null is expected"),
        ("name not null", 9, "like or in is expected"),
        ("acc > 3", 0, "write metrics.acc, params.acc or tags.acc"),
        ("start_tme > 3", 0, "did you mean 'start_time'?"),
        ("run.start_tme > 3", 4, "did you mean 'start_time'?"),
        ("name='x' or metrcs.a > 3", 12, "did you mean 'metrics'?"),
        ("metrics. > 3", 8, "a name must follow metrics."),
        ("datasets.nam = 'x'", 9, "did you mean 'name'?"),
        ("metrics.a = '3'", 12, "without quotes"),
        ("metrics.a like 'x'", 10, "cannot be compared by 'like'"),
        ("params.a like 3", 9, "cannot be compared by 'like'"),
        ("params.lr > '0.1'", 12, "leave out the quotes: params.lr > 0.1"),
        ("params.lr = nan", 12, "only a metric can be nan"),
        ("metrics.a > nan", 12, "only a metric can be nan"),
        ("name = 3", 7, "in quotes: '3'"),
        ("name =~ 'a(b'", 10, "regular expression"),
        ("name =~ '" + "(" * 5000 + "'", 9, "regular expression"),
        ("name like '" + "a" * 10_001 + "'", 10, "at most 10,000 characters"),
        ("start_time > 'noon'", 13, "a date such as"),
        ("stale > true", 6, "cannot be compared by '>'"),
        ("stale = 1", 8, "true or false"),
        ("status = 'failed'", 9, "did you mean 'FAILED'?"),
        ("status in ('FINISHED', 'x')", 23, "it is one of RUNNING"),
        ("run_id = '\ud800'", 10, "surrogate"),
        ("name = 'x'\n  and nme = 'y'", 6, "did you mean 'name'?"),
    ],
)
def test_errors_point_at_the_place(text: str, place: int, message: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text)
    said, line, caret = str(caught.value).split("\n")
    assert message in said
    if len(text) <= 100:
        assert line == "  " + text.replace("\ud800", " ").split("\n")[-1]
        assert caret == " " * (2 + place) + "^"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(metrics.a = 1 or (not (" * 8 + "metrics.a = 1" + ")))" * 8, "nest at most"),
        (" or ".join(["metrics.a = 1"] * (MOST_COMPARISONS + 1)), "at most 500 comparisons"),
        (f"run_id in ('x'{', 1' * MOST_VALUES})".replace("1", "'1'"), "at most 10,000 values"),
        ("name = '" + "x" * 1_000_000 + "'", "at most 1,000,000 characters"),
    ],
)
def test_limits(text: str, message: str) -> None:
    with pytest.raises(FilterError, match=message):
        parse(text)


def test_a_long_line_is_shown_around_the_place() -> None:
    with pytest.raises(FilterError) as caught:
        parse("name = 'x' and " * 20 + "nme = 'x' and " + "name = 'x' and " * 20)
    _, line, caret = str(caught.value).split("\n")
    assert len(line) < 110
    assert line[caret.index("^") :].startswith("nme")


@pytest.mark.parametrize(
    ("text", "sortings"),
    [
        ("metrics.acc desc", ["metrics.acc desc"]),
        ("start_time", ["start_time asc"]),
        ("params.`a,b` DESC, run_name Asc", ["params.`a,b` desc", "name asc"]),
    ],
)
def test_orders(text: str, sortings: list[str]) -> None:
    assert [str(sorting) for sorting in parse_order(text)] == sortings


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "missing at the end"),
        ("metrics.acc down", "asc, desc or a comma is expected"),
        ("metrics.acc desc,", "missing at the end"),
        ("acc", "write metrics.acc"),
        ("datasets.name", "cannot be sorted"),
    ],
)
def test_broken_orders(text: str, message: str) -> None:
    with pytest.raises(FilterError, match=message):
        parse_order(text)


# What a tree prints is a filter that is read as the same tree.

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
KEYS = st.one_of(st.sampled_from(["acc", "a.b/c-d", "größe", "`", "and"]), TEXTS).filter(
    lambda key: key and not ("`" in key and '"' in key)
)
NUMBERS = st.one_of(st.integers(-(10**18) + 1, 10**18 - 1), st.floats(allow_nan=False))
ORDERED = ["=", "!=", "<", "<=", ">", ">="]
TEXTUAL = ["=", "!=", "like", "not like", "ilike", "not ilike"]
TEXT_FIELDS = st.sampled_from([key for key, type in ATTRIBUTES.items() if type == "text" and key != "status"])
TIME_FIELDS = st.sampled_from([key for key, type in ATTRIBUTES.items() if type == "time"])


def fields(kind: str) -> st.SearchStrategy[Field]:
    return st.builds(Field, st.just(kind), KEYS)


def comparisons() -> st.SearchStrategy[Comparison]:
    scalars = st.one_of(fields("params"), fields("tags"))
    texts = st.one_of(scalars, st.builds(Field, st.just("attributes"), TEXT_FIELDS))
    numbers = st.one_of(scalars, fields("metrics"), st.just(Field("attributes", "children")))
    any_field = st.one_of(texts, numbers, st.builds(Field, st.just("attributes"), TIME_FIELDS))
    build = st.builds
    return st.one_of(
        build(Comparison, numbers, st.sampled_from(ORDERED), NUMBERS),
        build(Comparison, texts, st.sampled_from(TEXTUAL), TEXTS),
        build(Comparison, texts, st.sampled_from(["in", "not in"]), st.lists(TEXTS, min_size=1).map(tuple)),
        build(Comparison, scalars, st.sampled_from(["=", "!="]), st.booleans()),
        build(Comparison, any_field, st.sampled_from(["is null", "is not null"])),
        build(Comparison, fields("metrics"), st.sampled_from(["is nan", "is not nan"])),
    )


def trees() -> st.SearchStrategy[Node]:
    several = {"min_size": 1, "max_size": 4}
    return st.recursive(
        comparisons(),
        lambda inner: st.one_of(
            st.lists(inner, **several).map(all_of),
            st.lists(inner, **several).map(any_of),
            inner.map(opposite),
        ),
        max_leaves=12,
    ).filter(lambda tree: len(list(levels(tree))) <= 16)


@pytest.mark.slow
@settings(deadline=None)
@given(trees())
def test_a_tree_prints_as_its_filter(tree: Node) -> None:
    assert parse(str(tree)) == tree


WORDS = [
    "metrics.a",
    "params.",
    "name",
    "stale",
    "and",
    "or",
    "not",
    "in",
    "is",
    "null",
    "like",
    "(",
    ")",
    ",",
]
WORDS += ["=", "<", "=~", "'x'", "'", "`", "1", "-", "nan", "true", " ", "\n", "\0", "é", "\ud800"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(WORDS)).map(" ".join) | st.text())
def test_any_text_is_a_filter_or_an_error(text: str) -> None:
    try:
        parse(text)
    except FilterError as error:
        said = str(error)
    else:
        return
    assert "^" in said
