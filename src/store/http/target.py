"""Where a spool is shipped to: what the shipper needs of a server, and ours."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from ..files import sha256_of
from ..intake import Gap
from ..wire import own
from ..wire.own import PREFIX, Content, Listing, Missing
from .client import Away, Client

PART = 4 << 20
"""Bytes of a file that are sent at once."""
_WAITS = (0.1,)
"""Seconds before what was lost is sent again; whoever ships waits longer by itself."""
_BYTES = {"Content-Type": "application/octet-stream"}


class Target(Protocol):
    """Takes in what a spool holds. All of it may be sent twice, and is there once.

    Raises StoreUnavailable when the server is away, other errors of `store.errors` for what it
    refuses.
    """

    url: str

    def received(self, folder: str) -> Mapping[str, int]:
        """How many bytes are there of each log file of a run's folder."""

    def append(self, path: str, offset: int, data: bytes) -> int:
        """Whole lines of a log file; returns how many bytes of it are there. Raises Gap."""

    def place(self, folder: str, run: str, path: str, local: Path) -> None:
        """A file or folder of a run."""

    def discard(self, folder: str, run: str, path: str) -> None:
        """It is gone."""

    def retry(self, folder: str) -> None:
        """Try again to send what it keeps of a run's folder since it could not, if it does."""


class OwnTarget:
    """Our server, which keeps log files as they are."""

    def __init__(self, client: Client) -> None:
        self.url = client.url
        self._client = client

    def received(self, folder: str) -> Mapping[str, int]:
        return self._client.decoded(
            _asked(self._client, "GET", "/intake", {"folder": folder}), dict[str, int]
        )

    def append(self, path: str, offset: int, data: bytes) -> int:
        query = {"path": path, "offset": offset}
        return self._client.decoded(_asked(self._client, "POST", "/intake", query, data), int)

    def place(self, folder: str, run: str, path: str, local: Path) -> None:
        listing = listing_of(local)
        asked = own.Place(folder, run, path, listing)
        send_missing(self._client, local, listing, lambda: self._client.call(own.PLACE, asked, again=True))

    def discard(self, folder: str, run: str, path: str) -> None:
        self._client.call(own.DISCARD, own.Discarded(folder, run, path), again=True)

    def retry(self, folder: str) -> None:
        """It keeps nothing."""


def listing_of(local: Path) -> Listing:
    """A file or folder on this machine, as the server is told of it. Raises OSError."""
    if not local.is_dir():
        return Listing(False, [_content(local, "")])
    found = sorted(_files(local))
    return Listing(True, [_content(file, file.relative_to(local).as_posix()) for file in found])


def send_missing(client: Client, local: Path, listing: Listing, ask: Callable[[], list[Missing]]) -> None:
    """Ask, send the contents that are missing, and ask again until none is."""
    places = {content.sha256: local / content.path for content in listing.files}
    for _ in range(3):
        missing = ask()
        if not missing:
            return
        for content in missing:
            _send(client, places[content.sha256], content)
    raise Away(f"{client.url} asks for the same files again and again")


def _send(client: Client, file: Path, missing: Missing) -> None:
    """In parts, from where an earlier try stopped."""
    offset = missing.offset
    with open(file, "rb") as content:
        while True:
            content.seek(offset)
            query = {"offset": offset, "size": missing.size}
            part = content.read(PART)
            try:
                answer = _asked(client, "PATCH", f"/contents/{missing.sha256}", query, part)
                offset = client.decoded(answer, int)
            except Gap as gap:
                offset = gap.expected
                continue
            if offset >= missing.size or not part:
                return


def _asked(
    client: Client, method: str, path: str, query: Mapping[str, Any], body: bytes | None = None
) -> bytes:
    """The answer to what does no harm when it is done twice."""
    return client.patiently(
        True, lambda: client.ask(method, PREFIX + path, query=query, body=body, headers=_BYTES), _WAITS
    )


def _files(folder: Path) -> Iterator[Path]:
    for above, _, names in os.walk(folder):
        files = (Path(above, name) for name in names)
        yield from (file for file in files if stat.S_ISREG(file.stat().st_mode))


def _content(file: Path, path: str) -> Content:
    return Content(path, file.stat().st_size, sha256_of(file))
