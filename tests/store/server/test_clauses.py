"""MLflow's filters over models and versions."""

from __future__ import annotations

import math

import pytest

from autolog.store.errors import FilterError
from autolog.store.server.clauses import Clause, Fields, clauses

FIELDS = Fields(["name"], ["size"], ("tags", "metrics"), {"bytes": "size"})


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("", []),
        ("  \n", []),
        ("name = 'a'", [Clause("attributes", "name", "=", "a")]),
        ('attributes.name="a"', [Clause("attributes", "name", "=", "a")]),
        ("name = 'it''s AND more'", [Clause("attributes", "name", "=", "it's AND more")]),
        ("tag.`odd key` ilike 'A%'", [Clause("tags", "odd key", "ILIKE", "A%")]),
        ("tags.\"a.b\" != ''", [Clause("tags", "a.b", "!=", "")]),
        ("name not  in ('a', \"b\")", [Clause("attributes", "name", "NOT IN", ("a", "b"))]),
        ("bytes >= 1e3", [Clause("attributes", "size", ">=", 1000.0)]),
        (
            "metrics.val/acc<-0.5 and  name LIKE '%'",
            [Clause("metrics", "val/acc", "<", -0.5), Clause("attributes", "name", "LIKE", "%")],
        ),
    ],
)
def test_what_a_filter_says(text: str, read: list[Clause]) -> None:
    assert clauses(text, FIELDS) == read


@pytest.mark.parametrize(
    "text",
    [
        *("name", "name =", "= 'a'", "name = a", "name = 'a", "name = 7", "name > 'a'", "name in 'a'"),
        *(
            "name = ('a')",
            "size = 'x'",
            "size = x",
            "size LIKE 'a'",
            "size = (1)",
            "colour = 'a'",
            "name in ()",
        ),
        *("params.a = 'b'", "tags. = 'a'", "(name = 'a')", "not name = 'a'", "name = 'a' or name = 'b'"),
        *(
            "name = 'a' and",
            "and name = 'a'",
            "name = 'a' name = 'b'",
            "name = 'a'; drop",
            "name = 'a' AND AND",
        ),
    ],
)
def test_what_is_no_filter(text: str) -> None:
    with pytest.raises(FilterError):
        clauses(text, FIELDS)


@pytest.mark.parametrize(
    ("text", "value", "holds"),
    [
        ("name = 'a'", "a", True),
        ("name != 'a'", "b", True),
        ("name != 'a'", None, False),
        ("name LIKE 'a_c%'", "abcd", True),
        ("name LIKE 'A%'", "abc", False),
        ("name ILIKE 'A.%'", "a.\n", True),
        ("name ILIKE 'A.%'", "ab", False),
        ("name LIKE '%'", "", True),
        ("name LIKE '%b%c'", "abbcc", True),
        ("name LIKE 'ab%b'", "ab", False),
        ("name LIKE '_'", "", False),
        (f"name LIKE '{'%a' * 200}'", "a" * 5000 + "b", False),
        ("name IN ('a', 'b')", "b", True),
        ("name NOT IN ('a', 'b')", "b", False),
        ("size > 1", 2, True),
        ("size != 1", math.nan, False),
        ("metrics.acc <= 0.5", 0.5, True),
    ],
)
def test_what_it_finds(text: str, value: str | float | None, holds: bool) -> None:
    (clause,) = clauses(text, FIELDS)
    assert clause.holds(value) is holds
