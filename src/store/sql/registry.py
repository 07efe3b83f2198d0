"""Registered models in a database: a shelf of rows."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ..changes import Change, line, stamped
from ..errors import ArtifactNotFound, ModelNotFound
from ..log import new_id
from ..registry.base import COPIED, ModelVersion
from ..registry.events import Create, Register, Rename, decode
from ..registry.history import History, Registration
from .registry_tables import events, models, versions

if TYPE_CHECKING:
    from .store import SqlStore

_MODEL = "model"


class SqlShelf:
    """Models in tables; see `registry.shelf.Shelf` for the promises.

    Whoever changes a model locks its row first, so that changes follow on each other.
    """

    def __init__(self, store: SqlStore) -> None:
        self._database = store.database
        self._files = store.files
        self._uri = store.uri

    def all(self) -> list[History]:
        return self._database.read(lambda connection: _histories(connection, sa.true()))

    def load(self, name: str) -> History | None:
        return self._database.read(lambda connection: _history(connection, name))

    def create(self, change: Create) -> bool:
        def create(connection: sa.Connection) -> bool:
            history = _locked(connection, change.name)
            if history is not None and history.exists:
                return False
            if history is None:
                connection.execute(models.insert(), {"name": change.name, "highest": 0})
            _add(connection, self._number(connection, change.name), history, [change])
            return True

        return self._unless_taken(create)

    def append(self, history: History, changes: Iterable[Change]) -> None:
        changes = list(changes)

        def append(connection: sa.Connection) -> None:
            _add(connection, self._number(connection, history.name), history, changes)

        self._database.append(append)

    def register(self, history: History, change: Register, files: Path | None) -> str:
        id = new_id()
        if files is not None:
            with self._files.placed(_folder(id), id, _MODEL) as draft:
                shutil.copytree(files, draft)
        try:
            self._database.append(lambda connection: self._give_number(connection, history, id, change))
        except BaseException:
            if files is not None:
                self._remove(id)
            raise
        return id

    def rename(self, history: History, name: str) -> bool:
        def rename(connection: sa.Connection) -> bool:
            taken = _locked(connection, name)
            if taken is not None and taken.exists:
                return False
            if taken is not None:
                _forget(connection, self._number(connection, name))
            model = self._number(connection, history.name)
            _add(connection, model, history, [Rename(name=name)])
            connection.execute(models.update().where(models.c.id == model).values(name=name))
            return True

        return self._unless_taken(rename)

    def place(self, name: str) -> Path | None:
        return self._files.root

    def files(self, version: ModelVersion) -> Path:
        try:
            return self._files.of_run(_folder(version.id), version.id).path(_MODEL)
        except ArtifactNotFound:
            which = f"version {version.version} of model {version.name!r}"
            raise ArtifactNotFound(f"the copied files of {which} are missing") from None

    def free(self, version: ModelVersion) -> None:
        if version.source == COPIED:
            self._remove(version.id)

    def _remove(self, id: str) -> None:
        with suppress(ArtifactNotFound):
            self._files.remove(_folder(id), id, _MODEL)

    def _give_number(self, connection: sa.Connection, history: History, id: str, change: Register) -> None:
        """One that nobody has or had: the row is locked from here to the end."""
        row = models.update().where(models.c.name == history.name).values(highest=models.c.highest + 1)
        given = connection.execute(row.returning(models.c.id, models.c.highest)).one_or_none()
        if given is None:
            raise self._gone(history.name)
        [said] = stamped([change], history.latest)
        values = {"id": id, "model": given.id, "number": given.highest, "event": line(said).decode()}
        connection.execute(versions.insert(), values)

    def _number(self, connection: sa.Connection, name: str) -> int:
        """A model's row, which nobody else changes until the end. Raises ModelNotFound."""
        row = connection.scalar(sa.select(models.c.id).where(models.c.name == name).with_for_update())
        if row is None:
            raise self._gone(name)
        return int(row)

    def _gone(self, name: str) -> ModelNotFound:
        return ModelNotFound(f"there is no model {name!r} in {self._uri} any more: it was renamed")

    def _unless_taken(self, change: Callable[[sa.Connection], bool]) -> bool:
        """What ``change`` returns; False when somebody took the name at the same moment."""
        try:
            return self._database.append(change)
        except sa.exc.IntegrityError:
            return False


def _folder(id: str) -> str:
    """Where the copied files of a version are, beside those of runs."""
    return f".registry/{id}-{id[:8]}"


def _add(connection: sa.Connection, model: int, history: History | None, changes: Iterable[Change]) -> None:
    rows = [
        {"model": model, "time": change.time, "event": line(change).decode()}
        for change in stamped(changes, history.latest if history else 0)
    ]
    if rows:
        connection.execute(events.insert(), rows)


def _forget(connection: sa.Connection, model: int) -> None:
    for table in (events, versions):
        connection.execute(table.delete().where(table.c.model == model))
    connection.execute(models.delete().where(models.c.id == model))


def _locked(connection: sa.Connection, name: str) -> History | None:
    """A model that nobody else changes until the end; None also for one that is being made."""
    there = connection.scalar(sa.select(models.c.id).where(models.c.name == name).with_for_update())
    return None if there is None else _history(connection, name)


def _history(connection: sa.Connection, name: str) -> History | None:
    return next(iter(_histories(connection, models.c.name == name)), None)


def _histories(connection: sa.Connection, wanted: sa.ColumnElement[bool]) -> list[History]:
    """The models that are wanted, in three statements."""
    happened = sa.select(events.c.model, events.c.event).join_from(events, models).where(wanted)
    numbered = sa.select(versions).join_from(versions, models).where(wanted)
    changes = _by_model(connection.execute(happened.order_by(events.c.model, events.c.time, events.c.id)))
    registered = _by_model(connection.execute(numbered.order_by(versions.c.model)))
    return [
        History(
            model.name,
            [decode(row.event) for row in changes.get(model.id, ())],
            [Registration(row.number, row.id, decode(row.event)) for row in registered.get(model.id, ())],
        )
        for model in connection.execute(sa.select(models).where(wanted))
    ]


def _by_model(rows: Iterable[sa.Row[Any]]) -> dict[int, list[sa.Row[Any]]]:
    return {model: list(group) for model, group in groupby(rows, key=lambda row: row.model)}
