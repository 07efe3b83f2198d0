"""Lists of files on the wire. The files themselves go as plain bodies, see `server.files`."""

from __future__ import annotations

from .common import Nothing
from .endpoint import Endpoint
from .tracking import Integer, Message


class FileInfo(Message, frozen=True):
    """``file_size`` is in bytes, and missing for a folder."""

    path: str
    is_dir: bool
    file_size: int | None = None


class ListArtifacts(Message, frozen=True):
    run_id: str | None = None
    run_uuid: str | None = None
    path: str | None = None
    page_token: str | None = None


class ArtifactsFound(Message, frozen=True):
    root_uri: str
    files: list[FileInfo] = []
    next_page_token: str = ""


class ListProxied(Message, frozen=True):
    path: str | None = None


class ProxiedFound(Message, frozen=True):
    files: list[FileInfo] = []


class CreateUpload(Message, frozen=True):
    """``artifact_path`` is the folder, and the name is that of ``path``, where the client has the file."""

    artifact_path: str | None = None
    path: str | None = None
    num_parts: Integer | None = None


class Credential(Message, frozen=True):
    """Where one part is sent to."""

    url: str
    part_number: int
    headers: dict[str, str] = {}


class UploadCreated(Message, frozen=True):
    upload_id: str
    credentials: list[Credential]


class Part(Message, frozen=True):
    """``etag`` is what the answer to the part said."""

    part_number: Integer | None = None
    etag: str | None = None


class CompleteUpload(Message, frozen=True):
    artifact_path: str | None = None
    path: str | None = None
    upload_id: str | None = None
    parts: list[Part] = []


class AbortUpload(Message, frozen=True):
    artifact_path: str | None = None
    path: str | None = None
    upload_id: str | None = None


class Presign(Message, frozen=True):
    artifact_path: str | None = None


class Presigned(Message, frozen=True):
    url: str
    file_size: int
    headers: dict[str, str] = {}


class PresignUpload(Message, frozen=True):
    """Of a run or of a logged model; ``expiration`` is in seconds."""

    run_id: str | None = None
    model_id: str | None = None
    path: str | None = None
    expiration: Integer | None = None


class PresignDownload(Message, frozen=True):
    run_id: str | None = None
    path: str | None = None
    expiration: Integer | None = None


class PresignedUrl(Message, frozen=True):
    presigned_url: str
    headers: dict[str, str] = {}
    file_size: int | None = None


LIST_ARTIFACTS = Endpoint("GET", "/mlflow/artifacts/list", ListArtifacts, ArtifactsFound)
LIST_PROXIED = Endpoint("GET", "/mlflow-artifacts/artifacts", ListProxied, ProxiedFound)
CREATE_UPLOAD = Endpoint(
    "POST", "/mlflow-artifacts/mpu/create/{artifact_path:path}", CreateUpload, UploadCreated
)
COMPLETE_UPLOAD = Endpoint(
    "POST", "/mlflow-artifacts/mpu/complete/{artifact_path:path}", CompleteUpload, Nothing
)
ABORT_UPLOAD = Endpoint("POST", "/mlflow-artifacts/mpu/abort/{artifact_path:path}", AbortUpload, Nothing)
PRESIGN = Endpoint("GET", "/mlflow-artifacts/presigned/{artifact_path:path}", Presign, Presigned)
PRESIGN_UPLOAD = Endpoint("POST", "/mlflow/artifacts/presigned-upload-url", PresignUpload, PresignedUrl)
PRESIGN_DOWNLOAD = Endpoint(
    "POST", "/mlflow/artifacts/presigned-download-url", PresignDownload, PresignedUrl, reads=True
)
