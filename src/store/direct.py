"""Files that clients send and fetch without us, by addresses that we sign for a while."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable


@runtime_checkable
class DirectFiles(Protocol):
    """Object storage that hands out such addresses. ``folder`` and ``id`` say the run, ``path`` its file.

    Every method raises InvalidName for a path that leaves the run; ``seconds`` is how long an
    address works. What is sent this way has no event in the log yet: whoever learns that it is
    complete writes it.
    """

    def download_address(self, folder: str, id: str, path: str, seconds: int) -> tuple[str, int]:
        """Where a file can be had, and its size. Raises ArtifactNotFound."""

    def upload_address(self, folder: str, id: str, path: str, seconds: int) -> str:
        """Where a whole file can be sent to."""

    def begin_upload(
        self, folder: str, id: str, path: str, parts: int, seconds: int
    ) -> tuple[str, list[str]]:
        """A file in parts: the name of the upload, and where each part is sent to, the first first."""

    def complete_upload(
        self, folder: str, id: str, path: str, upload: str, parts: Sequence[tuple[int, str]]
    ) -> int:
        """The parts, by number and ETag, are the file; returns its size. A second time is harmless.

        Raises ArtifactNotFound for an upload that there is not, ValueError for parts that it lacks.
        """

    def abort_upload(self, folder: str, id: str, path: str, upload: str) -> None:
        """Forget what was sent. Raises ArtifactNotFound for an upload that there is not."""
