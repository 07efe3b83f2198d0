"""Files that clients send to and fetch from object storage themselves, and we only say where.

That is how MLflow's clients send large files in parts. Where files lie on a disk, nothing of
this is here, and they send them to the proxy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..base import ArtifactFolder, RunData, Store
from ..direct import DirectFiles
from ..events import Artifact, Tags
from ..log import now
from ..wire import artifacts as wire
from ..wire.common import Nothing
from ..wire.endpoint import Endpoint
from .errors import Refused, invalid
from .logged_models import located
from .places import Place, checked_path, file_place
from .routing import Handler
from .validation import required
from .writers import active_or_not, writers

_MOST_PARTS = 10_000
_LONGEST = 7 * 86_400
_FOR_PARTS, _FOR_A_FILE, _FOR_READING = 3600, 900, 300
"""Seconds that an address works; the first for all parts of a file together."""

SIGNED = "autolog.signed"
"""The tag of a run that was given addresses for whole files: nobody says when they have come."""


class _Target(NamedTuple):
    files: DirectFiles
    folder: str
    run: str
    path: str

    @property
    def file(self) -> tuple[str, str, str]:
        return self.folder, self.run, self.path


def create_upload(store: Store, asked: wire.CreateUpload) -> wire.UploadCreated:
    target = _sent(store, asked)
    count = asked.num_parts or 1
    if not 1 <= count <= _MOST_PARTS:
        raise invalid(f"Parameter 'num_parts' must be between 1 and {_MOST_PARTS}, got {count}")
    upload, urls = target.files.begin_upload(*target.file, count, _FOR_PARTS)
    return wire.UploadCreated(upload, [wire.Credential(url, n) for n, url in enumerate(urls, 1)])


def complete_upload(store: Store, asked: wire.CompleteUpload) -> Nothing:
    target, upload = _sent(store, asked), required(asked.upload_id, "upload_id")
    if not asked.parts:
        raise invalid("Missing value for required parameter 'parts'.")
    parts = [(part.part_number or 0, required(part.etag, "parts.etag")) for part in asked.parts]
    try:
        size = target.files.complete_upload(*target.file, upload, parts)
    except ValueError as error:
        raise invalid(str(error)) from None
    _note(store, target.run, target.path, size)
    return Nothing()


def abort_upload(store: Store, asked: wire.AbortUpload) -> Nothing:
    target = _sent(store, asked)
    target.files.abort_upload(*target.file, required(asked.upload_id, "upload_id"))
    return Nothing()


def presign(store: Store, asked: wire.Presign) -> wire.Presigned:
    files = _direct(store, "Multipart download")
    target = _target(store, files, file_place(store, asked.artifact_path or ""))
    return wire.Presigned(*files.download_address(*target.file, _FOR_READING))


def presign_download(store: Store, asked: wire.PresignDownload) -> wire.PresignedUrl:
    files = _direct(store, "Presigned download")
    path = checked_path(required(asked.path, "path"))
    target = _target(store, files, Place(required(asked.run_id, "run_id"), path))
    url, size = files.download_address(*target.file, _seconds(asked.expiration, _FOR_READING))
    return wire.PresignedUrl(url, file_size=size)


def presign_upload(store: Store, asked: wire.PresignUpload) -> wire.PresignedUrl:
    files = _direct(store, "Presigned upload")
    if bool(asked.run_id) == bool(asked.model_id):
        raise invalid("Exactly one of run_id and model_id must be provided.")
    path = checked_path(required(asked.path, "path"))
    found = Place(asked.run_id or "", path)
    if asked.model_id:
        run, above = located(store, asked.model_id)
        found = Place(run, f"{above}/{path}")
    seconds = _seconds(asked.expiration, _FOR_A_FILE)
    writer = writers(store).active(found.run).writer
    url = files.upload_address(*_target(store, files, found).file, seconds)
    writer.write(Tags(0, now(), {SIGNED: "true"}))
    return wire.PresignedUrl(url)


def note_signed(store: Store, run: RunData) -> None:
    """At the end of a run: the events of files that came without us."""
    if SIGNED in run.tags:
        for path, size in _all_files(store.artifacts(run.id), ""):
            _note(store, run.id, path, size)


def _all_files(files: ArtifactFolder, folder: str) -> Iterator[tuple[str, int]]:
    for entry in files.entries(folder):
        if entry.is_dir:
            yield from _all_files(files, entry.path)
        else:
            yield entry.path, entry.size


def _note(store: Store, run: str, path: str, size: int) -> None:
    writers(store).any(run).writer.write(Artifact(0, now(), path, size))


def _sent(store: Store, asked: wire.CreateUpload | wire.CompleteUpload | wire.AbortUpload) -> _Target:
    """The file that a client sends, in a run that is not deleted."""
    files = _direct(store, "Multipart upload")
    name = re.split(r"[/\\]", required(asked.path, "path"))[-1]  # the client's machine may be any
    found = file_place(store, f"{asked.artifact_path or ''}/{name}")
    writers(store).active(found.run)
    return _target(store, files, found)


def _target(store: Store, files: DirectFiles, found: Place) -> _Target:
    run = active_or_not(store, found.run).id
    return _Target(files, store.intake.folder(run), run, found.path)


def _direct(store: Store, what: str) -> DirectFiles:
    """The files of a store, if they lie where clients can go. Clients know the message by its beginning."""
    files = getattr(store, "files", None)
    if isinstance(files, DirectFiles):
        return files
    message = f"{what} is not supported for the current artifact repository: use /mlflow-artifacts/artifacts"
    raise Refused(501, "NOT_IMPLEMENTED", message)


def _seconds(asked: int | None, usual: int) -> int:
    seconds = usual if asked is None else asked
    if not 1 <= seconds <= _LONGEST:
        raise invalid(f"expiration must be between 1 and {_LONGEST} seconds (got {seconds}).")
    return seconds


HANDLERS: Mapping[Endpoint[Any, Any], Handler] = {
    wire.CREATE_UPLOAD: create_upload,
    wire.COMPLETE_UPLOAD: complete_upload,
    wire.ABORT_UPLOAD: abort_upload,
    wire.PRESIGN: presign,
    wire.PRESIGN_UPLOAD: presign_upload,
    wire.PRESIGN_DOWNLOAD: presign_download,
}
