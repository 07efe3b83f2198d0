"""The events that make up a registered model, and the lines they are written as.

The files are those of runs (`store.events`): JSON Lines, the first line names the
version and the writer, kinds and fields that are not known are skipped. A model is the
sum of its events, a version an event in a folder of its own:

    .autolog/registry/<name>/events-<writer>.jsonl                    all but `Register`
    .autolog/registry/<name>/<number>/<id>/events-<writer>.jsonl      one `Register`

Events name a version by its id, so they stay true when a merge has to renumber it. No
kind is called as one of a run's is, so `autolog doctor` can read both kinds of files.
docs/file-format.md is the specification; change both together.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from ..decoding import decode_header
from ..events import VERSION
from .base import Stage


class Change(msgspec.Struct, frozen=True, tag_field="event", tag=str.lower, omit_defaults=True, kw_only=True):
    """Something that happened to a model; ``by`` is ``user@host``, times are milliseconds."""

    time: int = 0
    by: str = ""


class Create(Change, frozen=True, kw_only=True):
    """The model is there; again, after it was deleted, with nothing of what it had."""

    name: str
    description: str = ""
    tags: dict[str, str] = {}


class Update(Change, frozen=True, kw_only=True):
    """Of the model or of a version. What is null stays; a tag that is null goes."""

    version: str | None = None
    description: str | None = None
    tags: dict[str, str | None] = {}


class Rename(Change, frozen=True, kw_only=True):
    """The folder is about to be renamed; the folder's name is what counts."""

    name: str


class Register(Change, frozen=True, kw_only=True):
    """A version: what it is, and where its model is."""

    source: str
    run_id: str | None = None
    description: str = ""
    tags: dict[str, str] = {}


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

_decode: Any = msgspec.json.Decoder(AnyChange).decode
_encode = msgspec.json.Encoder().encode


def line(change: Change) -> bytes:
    """One event as a whole line."""
    return _encode(change) + b"\n"


def read(file: Path) -> Iterator[AnyChange]:
    """What a file says, in order. What cannot be read is passed over; doctor reports it."""
    lines = file.read_bytes().split(b"\n")[:-1]  # behind the last newline: still being written
    header = decode_header(lines[0]) if lines else None
    if header is None or header.autolog <= VERSION:
        for line in lines:
            with suppress(msgspec.DecodeError, UnicodeError, RecursionError):
                yield _decode(line)
