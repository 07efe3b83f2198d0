"""What is asked of a store whose tables are those of an index, be it a folder's or a database's."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, TypeVar

from .base import Last, LoggedModel, RunData
from .points import Buckets, Points

if TYPE_CHECKING:
    from sqlalchemy import Connection

_T = TypeVar("_T")


class Queries(ABC):
    """The reading half of `store.base.Store`. SQLAlchemy is loaded by the first question."""

    uri: str

    @abstractmethod
    def read(self, function: Callable[[Connection], _T]) -> _T:
        """What ``function`` reads from tables that know all that was written by now."""

    def search(
        self,
        filter: str = "",
        *,
        experiment: str | None = None,
        order_by: Sequence[str] = (),
        limit: int | None = None,
        offset: int = 0,
    ) -> list[RunData]:
        from .query import find

        return self.read(lambda c: find(c, filter, experiment, order_by, limit, offset))

    def get(self, id: str, *, deleted: bool = False) -> RunData:
        from .index.lookup import is_deleted, lookup
        from .query import load

        def one(connection: Connection) -> RunData:
            row = lookup(connection, id, self.uri)
            if row.deleted and not deleted:
                raise is_deleted(row, self.uri)
            return load(connection, [row.id])[0]

        return self.read(one)

    def seen(self, id: str) -> RunData:
        """Like `get`, also of a deleted run; it may lack what was written in the last seconds."""
        return self.get(id, deleted=True)

    def latest(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, Last]]:
        from .index.history import latest

        return self.read(lambda connection: latest(connection, ids))

    def points(self, id: str, key: str) -> Points:
        from .index.history import points
        from .index.lookup import lookup

        return self.read(lambda c: points(c, lookup(c, id, self.uri).id, key))

    def buckets(
        self,
        ids: Sequence[str],
        key: str,
        n: int,
        *,
        x: Literal["step", "time"] = "step",
        start: float | None = None,
        end: float | None = None,
    ) -> Buckets:
        from .index.buckets import buckets

        return self.read(lambda c: buckets(c, self.uri, ids, key, n, x, start, end))

    def models(self, *ids: str) -> list[LoggedModel]:
        from .index.lookup import lookup_all
        from .index.models import of_runs

        return self.read(lambda c: of_runs(c, lookup_all(c, ids, self.uri)))

    def model(self, id: str) -> LoggedModel:
        from .index.models import by_id

        return self.read(lambda c: by_id(c, id, self.uri))
