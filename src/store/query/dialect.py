"""What each database says in its own way.

SQLAlchemy gives SQLite its REGEXP, which is Python's ``re.search``. On PostgreSQL our
texts sort by code points ("C"), so that its ILIKE, too, knows the case of ASCII letters only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from ..errors import FilterError
from ..index.types import plain
from .expressions import Untold, for_postgresql

Column = sa.ColumnElement[Any]
Condition = sa.ColumnElement[bool]

_ANY_CASE = "und-x-icu"
"""PostgreSQL's collation that knows the case of every letter."""


class _Either(FunctionElement[bool]):
    """One condition in the words of SQLite and in those of PostgreSQL."""

    type = sa.Boolean()
    name = "either"
    inherit_cache = True

    def __init__(self, sqlite: Condition, postgresql: Condition) -> None:
        super().__init__(sqlite, postgresql)

    def self_group(self, against: Any = None) -> _Either:
        """As it is: SQLAlchemy would write ``(…) = 1``, for which SQLite uses no index."""
        return self


@compiles(_Either, "sqlite")
def _on_sqlite(element: _Either, compiler: Any, **options: Any) -> str:
    return f"({compiler.process(next(iter(element.clauses)), **options)})"


@compiles(_Either, "postgresql")
def _on_postgresql(element: _Either, compiler: Any, **options: Any) -> str:
    return f"({compiler.process(list(element.clauses)[1], **options)})"


class _Refused(FunctionElement[bool]):
    """A condition that cannot be put into words; whoever asks for them is told why."""

    type = sa.Boolean()
    name = "refused"
    inherit_cache = True

    def __init__(self, why: str) -> None:
        super().__init__()
        self.why = why


@compiles(_Refused)
def _refuse(element: _Refused, compiler: Any, **options: Any) -> str:
    raise FilterError(element.why)


def like(column: Column, pattern: str) -> Condition:
    """SQL's LIKE, without its escapes. SQLite's would take no notice of case; its GLOB does."""
    glob = re.sub(r"[*?[]", r"[\g<0>]", pattern).replace("%", "*").replace("_", "?")
    return _Either(column.op("GLOB", is_comparison=True)(glob), column.like(pattern, escape=""))


def ilike(column: Column, pattern: str) -> Condition:
    """LIKE whatever the case. For a pattern of ASCII letters, that of ASCII letters alone."""
    if pattern.isascii():
        return _Either(column.like(pattern), column.ilike(pattern, escape=""))
    regex = "".join({"%": ".*", "_": "."}.get(c) or re.escape(c) for c in pattern)
    folded = sa.func.lower(column.collate(_ANY_CASE)).like(pattern.lower(), escape="")
    return _Either(column.regexp_match(rf"(?is)\A{regex}\Z"), folded)


def matches(column: Column, pattern: str) -> Condition:
    """The regular expression, one of Python's, is found in the text."""
    try:
        condition: Condition = column.collate(_ANY_CASE).regexp_match(for_postgresql(pattern))
    except Untold as error:
        condition = _Refused(f"PostgreSQL cannot look for the regular expression {pattern!r}: {error}")
    return _Either(column.regexp_match(pattern), condition)


def among(column: Column, values: Sequence[int]) -> Condition:
    """One of any number of integers, in one variable."""
    each = sa.func.json_each(json.dumps(values)).table_valued("value")
    array = sa.literal(list(values), postgresql.ARRAY(sa.BigInteger))
    return _Either(column.in_(sa.select(each.c.value)), column == sa.any_(array))


def fetched(connection: sa.Connection, result: sa.CursorResult[Any]) -> Iterable[tuple[Any, ...]]:
    """Plain tuples from the driver: SQLAlchemy's rows cost half as much again."""
    rows = result.cursor.fetchall() if result.cursor else []
    if connection.dialect.name == "sqlite":
        return rows
    return [tuple(plain(item) if isinstance(item, str) else item for item in row) for row in rows]
