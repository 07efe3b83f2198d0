"""Taking log bytes into a database store; see `intake.Intake` for the promises."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from ..decoding import decode_header
from ..errors import StoreUnavailable
from ..events import VERSION
from ..index.schema import files
from ..index.statements import dialect_insert
from ..intake import Gap, Places, log_path
from ..log import now
from .journal import file_number
from .schema import arrivals, journal

if TYPE_CHECKING:
    from .store import SqlStore


class SqlIntake:
    """Adds bytes to files whose rows in ``arrivals`` say how many came: the row is the lock."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self._places = Places(self._find, store.folder_for)

    def received(self, folder: str) -> Mapping[str, int]:
        inside = _inside(self._places.of(folder))
        select = sa.select(files.c.path, arrivals.c.received).join_from(
            files, arrivals, files.c.id == arrivals.c.file
        )
        rows = self._store.database.read(lambda connection: connection.execute(select.where(inside)).all())
        return {path.rpartition("/")[2]: received for path, received in rows}

    def append(self, path: str, offset: int, data: bytes) -> int:
        target = log_path(path)
        name = f"{self._places.of(target.folder)}/{target.name}"
        header = decode_header(data[: data.find(b"\n") + 1]) if offset == 0 else None
        if header is not None and header.autolog > VERSION:
            raise StoreUnavailable(
                f"{path} is written in version {header.autolog} of the format, and {self._store.uri} reads "
                f"up to {VERSION}: update autolog where that runs"
            )
        return self._store.database.append(lambda connection: _append(connection, name, offset, data))

    def folder(self, id: str) -> str:
        return self._store.folder_of(id)

    def artifact(self, folder: str, id: str, path: str) -> AbstractContextManager[Path]:
        return self._store.files.placed(self._places.of(folder), id, path)

    def discard(self, folder: str, id: str, path: str) -> None:
        self._store.files.remove(self._places.of(folder), id, path)

    def _find(self, experiment: str, run: str) -> str | None:
        """The experiment's folder that holds a run folder, the one that was named if it does."""

        def look(connection: sa.Connection) -> str | None:
            named = sa.select(files.c.path).where(_inside(f"{experiment}/{run}"))
            anywhere = sa.select(files.c.path).where(files.c.path.contains(f"/{run}/", autoescape=True))
            path: str | None = connection.scalar(named.limit(1)) or connection.scalar(anywhere.limit(1))
            return None if path is None else path.partition("/")[0]

        return self._store.database.read(look)


def _inside(folder: str) -> sa.ColumnElement[bool]:
    return files.c.path.between(f"{folder}/", f"{folder}0")  # "0" is what follows "/"


def _append(connection: sa.Connection, path: str, offset: int, data: bytes) -> int:
    file = file_number(connection, {"path": path})
    seen = dialect_insert(connection, arrivals).values(file=file, received=0, seen=now())
    seen = seen.on_conflict_do_update(index_elements=["file"], set_={"seen": seen.excluded.seen})
    received = int(connection.scalar(seen.returning(arrivals.c.received)) or 0)
    if offset > received:
        raise Gap(received)
    rest = data[received - offset :]
    if rest:
        received += len(rest)
        connection.execute(arrivals.update().where(arrivals.c.file == file).values(received=received))
        connection.execute(journal.insert(), {"file": file, "data": rest})
    return received
