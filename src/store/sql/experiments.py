"""The experiments of a store that is a database; see `experiments.base.Experiments` for the promises."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ..errors import ExperimentNotFound
from ..experiments.base import Experiment
from ..experiments.names import check, check_deletable, fresh_folder, taken
from ..index.schema import experiment_tags, experiments
from ..index.statements import next_id, upsert
from ..log import now
from ..names import experiment_folder, experiment_id

if TYPE_CHECKING:
    from .store import SqlStore

_NONE: Mapping[str, str] = MappingProxyType({})


class SqlExperiments:
    """Experiments as rows, which runs make, too: see `index.experiments`."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store

    # Reading

    def list(self, *, deleted: bool | None = False) -> list[Experiment]:
        wanted = sa.true() if deleted is None else experiments.c.deleted == deleted
        return self._store.read(lambda connection: _select(connection, wanted))

    def get(self, id: str) -> Experiment:
        return self._store.read(lambda connection: self._find(connection, id))

    def named(self, name: str) -> Experiment:
        found = self._store.read(lambda connection: _select(connection, experiments.c.name == name))
        if not found:
            raise ExperimentNotFound(f"there is no experiment {name!r} in {self._store.uri}")
        return found[0]

    # Writing

    def create(self, name: str, *, tags: Mapping[str, str] = _NONE) -> Experiment:
        check(name, tags)

        def create(connection: sa.Connection) -> Experiment:
            self._check_free(connection, name)
            number, folder, time = next_id(connection, experiments), _fresh_folder(connection, name), now()
            id = experiment_id(folder)
            row = {"id": number, "experiment_id": id, "folder": folder, "name": name}
            connection.execute(experiments.insert(), row | {"created": time, "updated": time})
            _tag(connection, number, tags)
            return self._find(connection, id)

        return self._store.write(create)

    def update(
        self, id: str, *, name: str | None = None, tags: Mapping[str, str | None] = MappingProxyType({})
    ) -> Experiment:
        check("any" if name is None else name, tags)

        def update(connection: sa.Connection) -> Experiment:
            before = self._find(connection, id)
            if name not in (None, before.name):
                self._check_free(connection, name)
            number = self._change(connection, before, name=name or before.name)
            _tag(connection, number, tags)
            return self._find(connection, id)

        return self._store.write(update)

    def delete(self, id: str) -> None:
        self._mark(id, True)

    def restore(self, id: str) -> None:
        self._mark(id, False)

    def _mark(self, id: str, deleted: bool) -> None:
        def mark(connection: sa.Connection) -> None:
            before = self._find(connection, id)
            if deleted:
                check_deletable(before)
            if before.deleted != deleted:
                self._change(connection, before, deleted=deleted)

        self._store.write(mark)

    def _change(self, connection: sa.Connection, before: Experiment, **values: Any) -> int:
        """Returns the number of its row."""
        time = max(now(), (before.updated or 0) + 1)
        change = experiments.update().where(experiments.c.experiment_id == before.id)
        number = connection.scalar(change.values(**values, updated=time).returning(experiments.c.id))
        return int(number or 0)

    # Finding

    def _find(self, connection: sa.Connection, id: str) -> Experiment:
        found = _select(connection, experiments.c.experiment_id == id)
        if not found:
            raise ExperimentNotFound(f"there is no experiment with the id {id!r} in {self._store.uri}")
        return found[0]

    def _check_free(self, connection: sa.Connection, name: str | None) -> None:
        for other in _select(connection, experiments.c.name == name):
            raise taken(other, self._store.uri)


def _select(connection: sa.Connection, wanted: sa.ColumnElement[bool]) -> list[Experiment]:
    """The experiments that are wanted, by name."""
    tags = sa.select(experiment_tags).join_from(experiment_tags, experiments).where(wanted)
    by_number: dict[int, dict[str, str]] = {}
    for row in connection.execute(tags):
        by_number.setdefault(row.experiment, {})[row.key] = row.value
    rows = connection.execute(sa.select(experiments).where(wanted)).all()
    found = [
        Experiment(
            row.experiment_id, row.name, row.created, row.updated, row.deleted, by_number.get(row.id, {})
        )
        for row in rows
    ]
    return sorted(found, key=lambda experiment: experiment.name)


def _fresh_folder(connection: sa.Connection, name: str) -> str:
    folder = experiments.c.folder
    similar = connection.scalars(
        sa.select(folder).where(folder.startswith(experiment_folder(name), autoescape=True))
    )
    return fresh_folder(name, set(similar))


def _tag(connection: sa.Connection, number: int, tags: Mapping[str, str] | Mapping[str, str | None]) -> None:
    """Set tags; None removes one."""
    rows = [{"experiment": number, "key": key, "value": value} for key, value in tags.items()]
    upsert(connection, experiment_tags, [row for row in rows if row["value"] is not None])
    gone = [key for key, value in tags.items() if value is None]
    mine = experiment_tags.c.experiment == number
    connection.execute(experiment_tags.delete().where(mine, experiment_tags.c.key.in_(gone)))
