"""Finding runs in the index: the filter language and what becomes of it.

    text ──language──▶ tree ──compile──▶ SQL ──loading──▶ RunData

The parser and SQLAlchemy are loaded by the first call that needs them.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..base import RunData
from ..errors import ExperimentNotFound
from .tree import EVERYTHING, Comparison, Field, Node, Sorting, comparisons

if TYPE_CHECKING:
    import sqlalchemy as sa

__all__ = ["find", "load", "nested_in"]

_DELETED = Field("attributes", "deleted")
_KIND = Field("attributes", "kind")


def find(
    connection: sa.Connection,
    filter: str = "",
    experiment: str | None = None,
    order_by: Sequence[str] = (),
    limit: int | None = None,
    offset: int = 0,
) -> list[RunData]:
    """The runs that match, of every depth; the newest first unless ordered otherwise.

    Deleted runs are left out, unless the filter itself speaks of ``deleted``, and runs of
    another kind, unless it speaks of ``kind``. At most six SQL statements, however many
    runs. Raises FilterError, ExperimentNotFound, and ValueError for a negative limit.
    """
    from ..index.schema import experiments, runs
    from .compile import condition, ordering
    from .loading import selected, whole

    tree = _tree(filter)
    wanted = selected().where(condition(tree)).order_by(*ordering(_sortings(order_by)))
    fields = {term.field for term in comparisons(tree)}
    if _DELETED not in fields:
        wanted = wanted.where(~runs.c.deleted, ~experiments.c.deleted)
    if _KIND not in fields:
        wanted = wanted.where(runs.c.kind == "run")
    if experiment is not None:
        wanted = wanted.where(runs.c.experiment == _experiment(connection, experiment))
    wanted = wanted.limit(_checked(limit)).offset(_checked(offset) or None)
    return whole(connection, connection.execute(wanted).all())


def load(connection: sa.Connection, ids: Sequence[int]) -> list[RunData]:
    """The runs that have these ids in the index (not the users' ids), in their order."""
    from ..index.schema import runs
    from .dialect import among
    from .loading import selected, whole

    rows = connection.execute(selected().where(among(runs.c.id, ids))).all()
    by_id = {row.id: row for row in rows}
    return whole(connection, [by_id[id] for id in ids if id in by_id])


def nested_in(id: str) -> str:
    """The filter for the runs directly below one."""
    return str(Comparison(Field("attributes", "parent"), "=", id))


def _tree(filter: str) -> Node:
    if not isinstance(filter, str):
        raise TypeError(f"a filter is a text, not {filter!r}")
    if not filter.strip():
        return EVERYTHING
    from .language import parse

    return parse(filter)


def _sortings(order_by: Sequence[str]) -> list[Sorting]:
    texts = [order_by] if isinstance(order_by, str) else list(order_by)
    if not texts:
        return []
    from .language import parse_order

    return [sorting for text in texts for sorting in parse_order(text)]


def _experiment(connection: sa.Connection, name: str) -> Any:
    import sqlalchemy as sa

    from ..index.schema import experiments

    id = connection.scalar(sa.select(experiments.c.id).where(experiments.c.name == name))
    if id is None:
        raise ExperimentNotFound(f"there is no experiment {name!r}")
    return id


def _checked(limit: int | None) -> int | None:
    if limit is None:
        return None
    limit = operator.index(limit)
    if limit < 0:
        raise ValueError(f"limit and offset must not be negative, and {limit} is")
    return limit
