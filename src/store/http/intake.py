"""Log bytes for the server from somewhere else than the spool; see `intake.Intake`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from ..names import artifact_path
from ..wire import own
from .client import Client
from .target import OwnTarget


class HttpIntake:
    """The server's intake."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._target = OwnTarget(client)

    def received(self, folder: str) -> Mapping[str, int]:
        return self._target.received(folder)

    def append(self, path: str, offset: int, data: bytes) -> int:
        return self._target.append(path, offset, data)

    def folder(self, id: str) -> str:
        return self._client.call(own.FOLDER, own.ById(id))

    @contextmanager
    def artifact(self, folder: str, id: str, path: str) -> Iterator[Path]:
        artifact_path(path)
        with TemporaryDirectory(prefix="autolog-") as temporary:
            draft = Path(temporary) / "artifact"
            yield draft
            self._target.place(folder, id, path, draft)

    def discard(self, folder: str, id: str, path: str) -> None:
        self._target.discard(folder, id, path)
