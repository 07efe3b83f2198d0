"""Filters on PostgreSQL: the same answers as on SQLite, and as Python gives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from autolog.store.base import RunData
from autolog.store.errors import FilterError
from autolog.store.query import find
from autolog.store.query.expressions import Untold, for_postgresql
from autolog.store.query.tree import Node
from autolog.store.sql.engine import Database
from tests.store.query.filled import fill, run_data
from tests.store.query.test_semantics import filters, holds, some_runs

pytestmark = pytest.mark.slow

TEXTS = [
    "", "a", "A", "ab", "aB", "b\na", "a\n", "1", "é", "É", "_", "-", "a.b", "a\\b", "aa aa", "x=1;y=2",
    "[x]",
]  # fmt: skip
EXPRESSIONS = [
    r"a|B", r"^a$", r"\Aa\Z", r"(?i)É", r"(?m)^a$", r"(?s)b.a", r"b.a", r"\d", r"[^\d]", r"[^\Wa]",
    r"[\W\d]", r"\ba\b", r"\Ba", r"(a)\1", r"(?=a)a", r"(?!a).", r"(?<=a)b", r"(?<!a)b", r"(?:aa ){1,2}",
    r"\w=\d", r"\\", r"\.", r"[.]", r"[]x]", r"[\]]", r"\[x", r"", r"(|a)b", r"a{2}", r"(?x) a  b # both",
    r"\S\s\S", r"[a-c]B", r"(?i)[a-c]b", r"[^a]", r"é", r"\n", r"\x61", r"(?P<one>a)(?P=one)", r"[\d\-_]",
    r"a+?b", r"\s",
]  # fmt: skip


@pytest.fixture(scope="module")
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    postgres, template = request.getfixturevalue("postgres"), request.getfixturevalue("template")
    found = Database(postgres.new_database(template=template))
    yield found
    found.close()


def asked(database: Database, runs: list[RunData], *questions: str) -> list[set[str]]:
    """The ids of the runs that match; the database is empty again afterwards."""
    with database.engine.connect() as connection:
        connection.execute(sa.text("DELETE FROM experiments"))  # the default one, which `fill` may make
        fill(connection, runs)
        return [{run.id for run in find(connection, question)} for question in questions]


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_postgresql_answers_as_python_does(database: Database, data: st.DataObject) -> None:
    runs: list[RunData] = data.draw(some_runs())
    nodes: list[Node] = data.draw(st.lists(filters(), min_size=1, max_size=6))
    for node, found in zip(nodes, asked(database, runs, *map(str, nodes)), strict=True):
        assert found == {run.id for run in runs if holds(node, run, runs)}, str(node)


def test_regular_expressions_are_pythons(database: Database) -> None:
    runs = [run_data(f"run-{number}", name=text) for number, text in enumerate(TEXTS)]
    questions = [f"name =~ '{expression}'" for expression in EXPRESSIONS]
    for expression, found in zip(EXPRESSIONS, asked(database, runs, *questions), strict=True):
        assert found == {run.id for run in runs if re.search(expression, run.name)}, expression


@pytest.mark.parametrize("expression", ["(?>a)b", "a++", "(a)?(?(1)b|c)", "(?i:a)b", "a{300}", r"(a)(?=b)\1"])
def test_what_postgresql_has_no_word_for(database: Database, expression: str) -> None:
    with pytest.raises(Untold):
        for_postgresql(expression)
    with pytest.raises(FilterError, match="PostgreSQL cannot look for"):
        asked(database, [], f"name =~ '{expression}'")


def test_texts_sort_by_their_characters(database: Database) -> None:
    names = ["b", "B", "a", "ä", "A", "_"]
    runs = [run_data(f"run-{number}", name=name) for number, name in enumerate(names)]
    with database.engine.connect() as connection:
        connection.execute(sa.text("DELETE FROM experiments"))
        fill(connection, runs)
        assert [run.name for run in find(connection, order_by=["name"])] == sorted(names)


def test_many_ids_at_once(database: Database) -> None:
    runs: list[Any] = [run_data(f"run-{number}", params={"n": number}) for number in range(300)]
    with database.engine.connect() as connection:
        connection.execute(sa.text("DELETE FROM experiments"))
        fill(connection, runs)
        assert {run.id: run.params["n"] for run in find(connection)} == {
            run.id: run.params["n"] for run in runs
        }
