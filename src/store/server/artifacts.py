"""The files of runs and of model versions, as MLflow's clients list, send and get them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ..base import Entry, Store
from ..wire import artifacts as wire
from ..wire.endpoint import Endpoint
from .errors import JSON, invalid
from .files import received, sent
from .logged_models import located
from .places import Files, Place, checked_path, file_place, readable, version_files
from .routing import Handler
from .validation import required, run_id
from .views import seen_info
from .writers import active_or_not, writers

_LARGEST = 1 << 40
_LARGEST_BY_PAGE = 10 << 20


def list_artifacts(store: Store, asked: wire.ListArtifacts) -> wire.ArtifactsFound:
    run = active_or_not(store, run_id(asked))
    path = checked_path(asked.path) if asked.path else ""
    files = [_info(entry, entry.path) for entry in store.artifacts(run.id).entries(path)]
    return wire.ArtifactsFound(seen_info(store, run).artifact_uri, files)


def list_proxied(store: Store, asked: wire.ListProxied) -> wire.ProxiedFound:
    """By names that begin where was asked, as MLflow's proxy gives them."""
    files, path = readable(store, required(asked.path, "path"))
    return wire.ProxiedFound([_info(entry, entry.path.rpartition("/")[2]) for entry in files.entries(path)])


def _info(entry: Entry, path: str) -> wire.FileInfo:
    return wire.FileInfo(path, entry.is_dir, None if entry.is_dir else entry.size)


# What is no JSON


async def upload(request: Request) -> Response:
    store: Store = request.app.state.store
    found = await asyncio.to_thread(file_place, store, request.path_params["path"])
    await _kept(request, found, _LARGEST)
    return Response(b"{}", media_type=JSON)


async def upload_by_page(request: Request) -> Response:
    run = required(request.query_params.get("run_uuid") or request.query_params.get("run_id"), "run_uuid")
    path = checked_path(required(request.query_params.get("path"), "path"))
    await _kept(request, Place(run, path), _LARGEST_BY_PAGE)
    return Response(b"{}", media_type=JSON)


async def _kept(request: Request, found: Place, most: int) -> None:
    run = await asyncio.to_thread(writers(request.app.state.store).active, found.run)
    await received(request, run.writer, found.path, most)


async def download(request: Request) -> Response:
    store: Store = request.app.state.store
    return await _sent(request, *await asyncio.to_thread(readable, store, request.path_params["path"]))


async def get_artifact(request: Request) -> Response:
    run = required(request.query_params.get("run_id") or request.query_params.get("run_uuid"), "run_id")
    path = checked_path(required(request.query_params.get("path"), "path"))
    return await _sent(request, await asyncio.to_thread(_files, request.app.state.store, run), path)


async def get_model_file(request: Request) -> Response:
    path = checked_path(required(request.query_params.get("artifact_file_path"), "artifact_file_path"))
    store: Store = request.app.state.store
    run, above = await asyncio.to_thread(located, store, request.path_params["model_id"])
    return await _sent(request, store.artifacts(run), f"{above}/{path}")


def _files(store: Store, run: str) -> Files:
    return store.artifacts(active_or_not(store, run).id)


async def _sent(request: Request, files: Files, path: str) -> Response:
    if not path:
        raise invalid("Invalid path: it names no file")
    file = await asyncio.to_thread(files.open, path)
    return await sent(request, file, path.rpartition("/")[2])


async def get_version_artifact(request: Request) -> Response:
    name, number = (required(request.query_params.get(key), key) for key in ("name", "version"))
    path = checked_path(required(request.query_params.get("path"), "path"))
    if not number.isdecimal() or len(number) > 18:
        raise invalid(f"Parameter 'version' must be an integer, got '{number}'.")
    files = await asyncio.to_thread(version_files, request.app.state.store, name, int(number))
    return await _sent(request, files, path)


async def discard(request: Request) -> Response:
    await asyncio.to_thread(_discard, request.app.state.store, request.path_params["path"])
    return Response(b"{}", media_type=JSON)


def _discard(store: Store, path: str) -> None:
    found = file_place(store, path)
    writers(store).active(found.run).writer.discard(found.path)


def _both(method: str, path: str, endpoint: Callable[[Request], Awaitable[Response]]) -> list[Any]:
    return [(method, f"/{prefix}/2.0{path}", endpoint) for prefix in ("api", "ajax-api")]


HANDLERS: Mapping[Endpoint[Any, Any], Handler] = {
    wire.LIST_ARTIFACTS: list_artifacts,
    wire.LIST_PROXIED: list_proxied,
}

ROUTES = [
    *_both("PUT", "/mlflow-artifacts/artifacts/{path:path}", upload),
    *_both("GET", "/mlflow-artifacts/artifacts/{path:path}", download),
    *_both("DELETE", "/mlflow-artifacts/artifacts/{path:path}", discard),
    ("POST", "/ajax-api/2.0/mlflow/upload-artifact", upload_by_page),
    ("GET", "/ajax-api/2.0/mlflow/logged-models/{model_id}/artifacts/files", get_model_file),
    ("GET", "/get-artifact", get_artifact),
    ("GET", "/model-versions/get-artifact", get_version_artifact),
]
