"""The events that make up a registered model; the files are those of `store.changes`.

A model is the sum of its events, a version an event in a folder of its own:

    .autolog/registry/<name>/events-<writer>.jsonl                    all but `Register`
    .autolog/registry/<name>/<number>/<id>/events-<writer>.jsonl      one `Register`

Events name a version by its id, so they stay true when a merge has to renumber it. No
kind is called as one of a run's is, so `autolog doctor` can read both kinds of files.
docs/file-format.md is the specification; change both together.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ..changes import Change
from .base import Stage


class Create(Change, frozen=True, kw_only=True):
    """The model is there; again, after it was deleted, with nothing of what it had."""

    name: str
    description: str = ""
    tags: dict[str, str] = msgspec.field(default_factory=dict)


class Update(Change, frozen=True, kw_only=True):
    """Of the model or of a version. What is null stays; a tag that is null goes."""

    version: str | None = None
    description: str | None = None
    tags: dict[str, str | None] = msgspec.field(default_factory=dict)


class Rename(Change, frozen=True, kw_only=True):
    """The folder is about to be renamed; the folder's name is what counts."""

    name: str


class Register(Change, frozen=True, kw_only=True):
    """A version: what it is, and where its model is."""

    source: str
    run_id: str | None = None
    description: str = ""
    tags: dict[str, str] = msgspec.field(default_factory=dict)


class Alias(Change, frozen=True, kw_only=True):
    """The alias points to a version, or to none. ``number`` is for people who read the file."""

    alias: str
    version: str | None = None
    number: int | None = None
    why: str = ""


class SetStage(Change, frozen=True, kw_only=True, tag="stage"):
    version: str
    stage: Stage


class Remove(Change, frozen=True, kw_only=True):
    """These versions are deleted; with ``model`` the model is, too."""

    versions: list[str]
    model: bool = False


AnyChange = Create | Update | Rename | Register | Alias | SetStage | Remove

decode: Any = msgspec.json.Decoder(AnyChange).decode
