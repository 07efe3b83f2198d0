"""What SQLite says in its own way. The forms of another database go beside these.

SQLAlchemy gives SQLite its REGEXP, which is Python's ``re.search``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

Column = sa.ColumnElement[Any]
Condition = sa.ColumnElement[bool]

_NUMBER = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"


def like(column: Column, pattern: str) -> Condition:
    """SQL's LIKE, which on SQLite would take no notice of case; GLOB does."""
    glob = re.sub(r"[*?[]", r"[\g<0>]", pattern).replace("%", "*").replace("_", "?")
    return column.op("GLOB", is_comparison=True)(glob)


def ilike(column: Column, pattern: str) -> Condition:
    """LIKE whatever the case. SQLite's own knows the case of ASCII letters only."""
    if pattern.isascii():
        return column.like(pattern)
    regex = "".join({"%": ".*", "_": "."}.get(c) or re.escape(c) for c in pattern)
    return matches(column, rf"(?is)\A{regex}\Z")


def matches(column: Column, pattern: str) -> Condition:
    """The regular expression is found in the text."""
    return column.regexp_match(pattern)


def number(column: Column) -> Column:
    """The number that a text reads as, else NULL."""
    return sa.case((matches(column, _NUMBER), sa.cast(column, sa.Float)))


def among(column: Column, values: Sequence[int]) -> Condition:
    """One of any number of integers, in one variable."""
    each = sa.func.json_each(json.dumps(values)).table_valued("value")
    return column.in_(sa.select(each.c.value))
