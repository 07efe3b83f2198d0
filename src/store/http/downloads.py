"""Files of a server in the user's cache, by what is in them: so they are never old or half there."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from urllib.parse import quote

import msgspec

from ..errors import StoreUnavailable
from ..files import cache_folder, new_file, new_folder
from ..names import artifact_path
from ..wire.own import PREFIX, Content, Listing
from .client import Client

_LONG = 3600.0
"""Seconds for one file."""


def download(client: Client, listing: Listing, name: str, address: str) -> Path:
    """A file or folder called ``name`` with what the listing says; read only.

    ``address``: what the paths of its files follow on, behind `PREFIX`. Raises StoreUnavailable, OSError.
    """
    key = hashlib.sha256(msgspec.json.encode(listing)).hexdigest()
    place = cache_folder() / "files" / key
    if not (place / name).exists():
        with new_folder(place, overwrite=True) as folder:
            top = folder / name
            if listing.is_dir:
                top.mkdir()
            for content in listing.files:
                target = top / artifact_path(content.path) if listing.is_dir else top
                target.parent.mkdir(parents=True, exist_ok=True)
                _link(_content(client, content, address), target)
    return place / name


def _content(client: Client, content: Content, address: str) -> Path:
    """Where a file with this content lies, which comes from the server if it has to."""
    path = cache_folder() / "contents" / content.sha256[:2] / content.sha256
    if not path.is_file():
        client.patiently(True, lambda: _download(client, content, address, path))
    return path


def _download(client: Client, content: Content, address: str, path: Path) -> None:
    digest = hashlib.sha256()
    url = PREFIX + address + quote(content.path)
    with new_file(path, overwrite=True) as file, client.stream("GET", url, whole=_LONG) as pieces:
        for piece in pieces:
            digest.update(piece)
            file.write(piece)
        if digest.hexdigest() != content.sha256:
            raise StoreUnavailable(
                f"{client.url} sent another content of {content.path or address!r}; ask again"
            )
    os.chmod(path, 0o444)


def _link(content: Path, target: Path) -> None:
    try:
        os.link(content, target)
    except OSError:
        shutil.copyfile(content, target)
