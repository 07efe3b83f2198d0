"""Files on an MLflow server: below the root that a run or a model has there.

A root is an address: ``mlflow-artifacts:/…`` is served by the server itself, a folder's is read
and written here when this machine has it, and any other (``s3://``) goes by fsspec.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from mimetypes import guess_type
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, unquote, urlsplit

from ..errors import ArtifactNotFound, StoreUnavailable
from ..wire.artifacts import LIST_PROXIED, FileInfo, ListProxied
from .client import MlflowClient, Refused

_PROXIED = "/api/2.0/mlflow-artifacts/artifacts"
_LONG = 3600.0
"""Seconds for one file."""
_PIECE = 1 << 20


class Root:
    """A place for files. Paths are relative, with ``/``."""

    def __init__(self, client: MlflowClient, address: str) -> None:
        self._client = client
        self._address = address.rstrip("/")
        parts = urlsplit(self._address)
        self._path = unquote(parts.path)
        self._scheme = parts.scheme

    def put(self, path: str, local: Path) -> None:
        """A file, in place of one that is there. Raises Refused, StoreUnavailable, OSError."""
        if self._scheme == "mlflow-artifacts":
            with open(local, "rb") as file:
                self._client.patiently(True, lambda: self._do("PUT", path, file))
        elif self._is_here():
            target = self._here(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(local, target)
        else:
            with open(local, "rb") as file, self._elsewhere(path, "wb") as copy:
                shutil.copyfileobj(file, copy, _PIECE)

    def remove(self, path: str) -> None:
        """A file or folder, if it is there and the server lets us."""
        if self._scheme == "mlflow-artifacts":
            with suppress(Refused):
                self._client.patiently(True, lambda: self._do("DELETE", path))
        elif self._is_here():
            target = self._here(path)
            with suppress(FileNotFoundError):
                shutil.rmtree(target) if target.is_dir() else target.unlink()

    def read(self, path: str) -> Iterator[bytes]:
        """The content of a file, piece by piece. Raises ArtifactNotFound, StoreUnavailable."""
        try:
            if self._scheme == "mlflow-artifacts":
                with self._asked("GET", path) as answer:
                    yield from answer
                return
            with open(self._here(path), "rb") if self._is_here() else self._elsewhere(path, "rb") as file:
                while piece := file.read(_PIECE):
                    yield piece
        except (Refused, FileNotFoundError) as error:
            raise ArtifactNotFound(f"{self._client.url} has no file {path!r}: {error}") from None

    def list(self, path: str) -> list[FileInfo]:
        """What lies directly in a folder that the server serves."""
        asked = ListProxied(self._served(path).strip("/"))
        found = self._client.call(LIST_PROXIED, asked).files
        return [FileInfo(f"{path}/{file.path}".lstrip("/"), file.is_dir, file.file_size) for file in found]

    def _do(self, method: str, path: str, body: BinaryIO | None = None) -> None:
        with self._asked(method, path, body) as answer:
            for _ in answer:
                pass

    @contextmanager
    def _asked(self, method: str, path: str, body: BinaryIO | None = None) -> Iterator[Iterator[bytes]]:
        url = _PROXIED + quote(self._served(path))
        page = method == "GET" and guess_type(path)[0] == "text/html"  # which the file itself may be
        with self._client.stream(method, url, body=body, whole=_LONG, page=page) as answer:
            yield answer

    def _served(self, path: str) -> str:
        return f"/{self._path.strip('/')}/{path}"

    def _is_here(self) -> bool:
        return self._scheme in ("", "file")

    def _here(self, path: str) -> Path:
        """Raises StoreUnavailable when the folder is one of the server's machine alone."""
        root = Path(self._path)
        above = next(folder for folder in (root, *root.parents) if folder.exists())
        if len(above.parts) < 2 or not os.access(above, os.W_OK):
            raise StoreUnavailable(
                f"{self._client.url} keeps files in {self._address}, a folder of another machine; "
                "start it with --serve-artifacts"
            )
        return root / path

    def _elsewhere(self, path: str, mode: str) -> Any:
        try:
            import fsspec
        except ImportError:
            raise StoreUnavailable(
                f"{self._client.url} keeps files in {self._scheme}://…: pip install fsspec and its "
                f"extra for {self._scheme} to reach them"
            ) from None
        return fsspec.open(f"{self._address}/{path}", mode)


def inside(local: Path) -> list[str]:
    """The files of a folder; of a file, the one with no name. Raises OSError."""
    if not local.is_dir():
        return [""]
    files = (path for path in local.rglob("*") if path.is_file())
    return sorted(path.relative_to(local).as_posix() for path in files)
