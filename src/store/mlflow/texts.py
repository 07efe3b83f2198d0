"""Whole texts, of which MLflow has the beginning: files among a run's artifacts."""

from __future__ import annotations

import json
from pathlib import Path

from ..files import cache_folder, new_file
from .client import MlflowClient
from .files import Root
from .names import digest
from .values import place_of_whole


def as_file(text: str) -> bytes:
    """A text as the content of its file; also one that no encoding takes."""
    return json.dumps(text).encode()


def whole(client: MlflowClient, root: str, text: str) -> str:
    """The text that ``text`` is the beginning of, if it says so. Raises StoreUnavailable, OSError.

    What was read once is in the user's cache, by what it is.
    """
    path = place_of_whole(text)
    if path is None:
        return text
    kept = cache_folder() / "texts" / Path(path).name
    if not kept.exists():
        content = b"".join(Root(client, root).read(path))
        found = json.loads(content)
        if digest(found) != kept.stem:
            return text
        with new_file(kept, overwrite=True) as file:
            file.write(content)
    return str(json.loads(kept.read_bytes()))
