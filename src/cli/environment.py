"""What a run was run with: from its tags, and from the file that was recorded beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..store.base import RunData, Store

FILE = "environment.json"
_OWN = "autolog."
_ABOUT = ("git.", "script", "args", "python", "host", "user", "cwd", "version")
_SHORT = 5
"""Entries of a mapping that are written out; of a longer one only their number is."""


def is_about(tag: str) -> bool:
    """Whether the tag says something about the environment."""
    return tag.startswith(_OWN) and tag.removeprefix(_OWN).startswith(_ABOUT)


def of(store: Store, run: RunData) -> Mapping[str, str]:
    """Everything known, each thing on one line. A nested run has its parent's environment."""
    tags = {key.removeprefix(_OWN): value for key, value in run.tags.items() if is_about(key)}
    facts = {key: brief(value) for key, value in _facts(store, run.id).items()}
    return {key: text for key, text in (facts | tags).items() if text}


def brief(value: Any) -> str:
    """A JSON value in few words."""
    if isinstance(value, Mapping):
        if len(value) > _SHORT and any(not isinstance(v, Mapping | list) for v in value.values()):
            return f"{len(value)} entries"
        return ", ".join(f"{key}: {text}" for key, item in value.items() if (text := brief(item)))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(brief, value)) if len(value) <= _SHORT else f"{len(value)} entries"
    return "" if value is None else str(value)


def _facts(store: Store, id: str) -> Mapping[str, Any]:
    import msgspec

    from ..store.errors import ArtifactNotFound

    try:
        return msgspec.json.decode(store.artifacts(id).path(FILE).read_bytes(), type=dict[str, Any])
    except (ArtifactNotFound, OSError, msgspec.MsgspecError):
        return {}
