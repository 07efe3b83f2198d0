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


def find(
    connection: sa.Connection,
    filter: str = "",
    experiment: str | None = None,
    order_by: Sequence[str] = (),
    limit: int | None = None,
) -> list[RunData]:
    """The runs that match, of every depth; the newest first unless ordered otherwise.

    Deleted runs are left out, unless the filter itself speaks of ``deleted``. At most
    six SQL statements, however many runs. Raises FilterError, ExperimentNotFound, and
    ValueError for a negative limit.
    """
    from ..index.schema import runs
    from .compile import condition, ordering
    from .loading import selected, whole

    tree = _tree(filter)
    wanted = selected().where(condition(tree)).order_by(*ordering(_sortings(order_by)))
    if all(term.field != _DELETED for term in comparisons(tree)):
        wanted = wanted.where(~runs.c.deleted)
    if experiment is not None:
        wanted = wanted.where(runs.c.experiment == _experiment(connection, experiment))
    return whole(connection, connection.execute(wanted.limit(_checked(limit))).all())


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
        raise ValueError(f"limit must not be negative, it is {limit}")
    return limit
