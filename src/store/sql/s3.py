"""Artifacts on S3, which clients can send and fetch themselves; see `direct.DirectFiles`.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from ..errors import ArtifactNotFound, StoreUnavailable
from ..writer import inner_path
from .remote import RemoteFiles, below, clear


class S3Files(RemoteFiles):
    """Artifacts in a bucket."""

    # The signatures of before, which some still make when nothing is said, work no longer everywhere.
    options = MappingProxyType({"config_kwargs": {"signature_version": "s3v4"}})

    def download_address(self, folder: str, id: str, path: str, seconds: int) -> tuple[str, int]:
        fs, place = self._place(folder, id, path)
        found = _standing(fs, place)
        if not found:
            raise ArtifactNotFound(f"run {id} has no artifact {path!r} that is a file")
        return fs.url(place, expires=seconds), int(found["size"])

    def upload_address(self, folder: str, id: str, path: str, seconds: int) -> str:
        fs, place = self._place(folder, id, path)
        return str(fs.url(place, expires=seconds, client_method="put_object"))

    def begin_upload(
        self, folder: str, id: str, path: str, parts: int, seconds: int
    ) -> tuple[str, list[str]]:
        fs, place = self._place(folder, id, path)
        upload = fs.call_s3("create_multipart_upload", **_object(fs, place))["UploadId"]
        numbers = range(1, parts + 1)
        return upload, [
            fs.url(place, expires=seconds, client_method="upload_part", UploadId=upload, PartNumber=number)
            for number in numbers
        ]

    def complete_upload(
        self, folder: str, id: str, path: str, upload: str, parts: Sequence[tuple[int, str]]
    ) -> int:
        fs, place = self._place(folder, id, path)
        sent = [{"PartNumber": number, "ETag": etag} for number, etag in parts]
        try:
            with _known(upload):
                fs.call_s3(
                    "complete_multipart_upload",
                    **_object(fs, place),
                    UploadId=upload,
                    MultipartUpload={"Parts": sent},
                )
        except ArtifactNotFound:  # or it was completed, and the answer was lost
            if _standing(fs, place).get("ETag", "").strip('"') != etag_of_parts(parts):
                raise
        clear(fs, below(fs, place).keys() - {place}, place)  # of one name, there is a file or a folder
        return int(_standing(fs, place)["size"])

    def abort_upload(self, folder: str, id: str, path: str, upload: str) -> None:
        fs, place = self._place(folder, id, path)
        with _known(upload):
            fs.call_s3("abort_multipart_upload", **_object(fs, place), UploadId=upload)

    def _place(self, folder: str, id: str, path: str) -> tuple[Any, str]:
        fs, _ = self._root()
        return fs, f"{self._home(folder, id)}/{inner_path(path)}"


def _standing(fs: Any, place: str) -> dict[str, Any]:
    """What is known of the file there; nothing when there is none, also when there is a folder."""
    fs.invalidate_cache()
    try:
        found: dict[str, Any] = fs.info(place)
    except FileNotFoundError:
        return {}
    return found if found["type"] == "file" else {}


def _object(fs: Any, place: str) -> dict[str, str]:
    bucket, key, _ = fs.split_path(place)
    return {"Bucket": bucket, "Key": key}


@contextmanager
def _known(upload: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise ArtifactNotFound(f"there is no upload {upload!r}: it was completed or given up") from error
    except OSError as error:
        if error.errno == errno.EINVAL:
            raise ValueError(f"the parts of upload {upload!r} are not these: {error.strerror}") from error
        raise StoreUnavailable(f"the bucket does not answer as it should: {error}") from error


def etag_of_parts(parts: Sequence[tuple[int, str]]) -> str:
    """The ETag of a file that came in these parts."""
    try:
        digests = b"".join(bytes.fromhex(etag.strip('"')) for _, etag in parts)
    except ValueError:
        return ""
    return f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"
