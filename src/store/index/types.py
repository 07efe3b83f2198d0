"""Column types that mean the same on SQLite and on PostgreSQL."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

_ESCAPE = "\ufffe"  # no character: Unicode keeps it out of texts
_ESCAPED = {"\0": _ESCAPE + "0", _ESCAPE: _ESCAPE + "1"}


def escaped(text: str) -> str:
    """``text`` without NUL, which PostgreSQL's texts cannot hold; `plain` reads it back."""
    if "\0" in text or _ESCAPE in text:
        return "".join(_ESCAPED.get(c, c) for c in text)
    return text


def plain(text: str) -> str:
    """What `escaped` was given."""
    if _ESCAPE not in text:
        return text
    return text.replace(_ESCAPED["\0"], "\0").replace(_ESCAPED[_ESCAPE], _ESCAPE)


class _PostgresText(sa.types.TypeDecorator[str]):
    """A text that may hold NUL, and that sorts as SQLite's do: by code points."""

    impl = sa.Text(collation="C")
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        return escaped(value) if isinstance(value, str) else value

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:
        return plain(value) if isinstance(value, str) else value


# SQLite's integers have 64 bits whatever they are called, and only an INTEGER key is its row id.
INTEGER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(_PostgresText(), "postgresql")
