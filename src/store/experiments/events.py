"""The changes that make up an experiment; the files are those of `store.changes`.

    .autolog/experiments/<folder>/events-<writer>.jsonl

An experiment that nobody named, tagged or deleted needs no such file. No kind is called as
one of a run's is, so `autolog doctor` can read both kinds of files. docs/file-format.md is
the specification; change both together.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ..changes import Change


class Create(Change, frozen=True, kw_only=True):
    """The experiment is there, and called so."""

    name: str
    tags: dict[str, str] = msgspec.field(default_factory=dict)


class Update(Change, frozen=True, kw_only=True):
    """Without a name it keeps the one that it has; a tag that is null goes."""

    name: str | None = None
    tags: dict[str, str | None] = msgspec.field(default_factory=dict)


class Remove(Change, frozen=True, kw_only=True):
    """The experiment is deleted, or with false restored."""

    removed: bool = True


AnyChange = Create | Update | Remove

decode: Any = msgspec.json.Decoder(AnyChange).decode
