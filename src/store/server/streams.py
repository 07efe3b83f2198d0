"""The routes of our own API whose bodies are bytes: log, contents, files; and live events."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from ...web.guard import check_encoding, check_length, limited, read_body
from ...web.refused import Refused
from ..base import Store
from ..errors import ArtifactNotFound, InvalidName
from ..names import artifact_path
from ..wire.own import PREFIX
from .contents import contents_of
from .files import sent
from .live import changes

LARGEST = 1 << 40
"""Bytes of one file."""

_JSON = "application/json"
_BYTES = "application/octet-stream"


def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


def _answer(value: object) -> Response:
    return Response(msgspec.json.encode(value), media_type=_JSON)


async def _body(request: Request) -> bytes:
    """Bytes, of a kind that no page of another server can send without asking first."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _BYTES:
        raise Refused(415, "UNSUPPORTED_MEDIA_TYPE", f"the Content-Type must be {_BYTES}")
    check_encoding(request.headers)
    return await read_body(request.headers, request.stream(), request.app.state.limits)


def _number(request: Request, name: str) -> int:
    text = request.query_params.get(name, "")
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise InvalidName(f"{name} must be a whole number of bytes, not {text[:40]!r}")
    return int(text)


async def received(request: Request) -> Response:
    folder = request.query_params.get("folder", "")
    return _answer(await run_in_threadpool(lambda: dict(_store(request).intake.received(folder))))


async def take_in(request: Request) -> Response:
    """Log bytes of a run; answers how many are here now."""
    path, offset = request.query_params.get("path", ""), _number(request, "offset")
    data = await _body(request)
    return _answer(await run_in_threadpool(_store(request).intake.append, path, offset, data))


async def take_content(request: Request) -> Response:
    """A part of a content; answers how many bytes of it are here now."""
    offset, size = _number(request, "offset"), _number(request, "size")
    data = await _body(request)
    contents = contents_of(_store(request))
    return _answer(await run_in_threadpool(contents.add, request.path_params["sha256"], size, offset, data))


async def send_file(request: Request) -> Response:
    """A file of a run, or the part of it that the header Range names."""
    name = request.path_params["path"]

    def opened() -> BinaryIO:
        return _store(request).artifacts(request.path_params["run"]).open(name)

    return await sent(request, await run_in_threadpool(opened), name.rpartition("/")[2])


async def take_file(request: Request) -> Response:
    """A file for a run that is known, for who has no log of the run.

    The header ``X-Content-SHA256`` says what it must be.
    """
    check_encoding(request.headers)
    check_length(request.headers, LARGEST)
    expected, digest = request.headers.get("x-content-sha256", "").lower(), hashlib.sha256()
    with TemporaryDirectory(prefix="autolog-") as folder:
        with open(Path(folder) / "file", "xb") as file:
            async for piece in limited(request.stream(), LARGEST):
                digest.update(piece)
                await run_in_threadpool(file.write, piece)
        if expected and digest.hexdigest() != expected:
            raise Refused(422, "WRONG_CONTENT", "what was sent does not have the SHA-256 of its header")
        await run_in_threadpool(_keep, request, Path(file.name))
    return _answer({"sha256": digest.hexdigest()})


def _keep(request: Request, file: Path) -> None:
    writer = _store(request).join(request.path_params["run"])
    with writer.artifact(request.path_params["path"]) as draft:
        shutil.move(file, draft)
    writer.close()


async def send_version_file(request: Request) -> Response:
    """A file of a version that was copied into the registry."""
    path = request.path_params["path"]

    def opened() -> BinaryIO:
        registry = _store(request).registry
        version = registry.version(request.path_params["name"], request.path_params["version"])
        file = registry.path(version) / artifact_path(path)
        if not file.is_file():
            raise ArtifactNotFound(f"version {version.version} of {version.name!r} has no file {path!r}")
        return file.open("rb")

    return await sent(request, await run_in_threadpool(opened), path.rpartition("/")[2])


async def events(request: Request) -> Response:
    """What happens to a run, as server-sent events, until the client goes."""
    store, id = _store(request), request.path_params["id"]
    first = await run_in_threadpool(store.get, id)  # RunNotFound before anything is sent

    async def lines() -> AsyncIterator[bytes]:
        async for change in changes(store, first.id):
            if await request.is_disconnected():
                return
            yield change

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(lines(), media_type="text/event-stream", headers=headers)


Route = tuple[str, str, Callable[[Request], Any]]

ROUTES: list[Route] = [
    ("GET", f"{PREFIX}/intake", received),
    ("POST", f"{PREFIX}/intake", take_in),
    ("PATCH", f"{PREFIX}/contents/{{sha256}}", take_content),
    ("GET", f"{PREFIX}/artifacts/{{run}}/{{path:path}}", send_file),
    ("PUT", f"{PREFIX}/artifacts/{{run}}/{{path:path}}", take_file),
    ("GET", f"{PREFIX}/versions/{{name}}/{{version:int}}/{{path:path}}", send_version_file),
    ("GET", f"{PREFIX}/runs/{{id}}/events", events),
]
