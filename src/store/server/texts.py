"""Tags and params: lists of keys and values on the wire, mappings in a store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..wire.common import Tag
from .validation import required


def given(tags: Iterable[Tag]) -> dict[str, str]:
    """What a client gives; of a key that comes twice the last value. Raises Refused."""
    return {required(tag.key, "key"): tag.value or "" for tag in tags}


def shown(texts: Mapping[str, object]) -> list[Tag]:
    """What a client sees, by key."""
    return [Tag(key, str(value)) for key, value in sorted(texts.items())]
