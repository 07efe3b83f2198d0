"""Names of metrics, params and tags as MLflow takes them, and back.

MLflow takes letters, digits and ``_ - . space /`` (newer servers ``:``), 250 characters at most,
which must read as a path without detours. Any other character is written ``_x`` with its number
in hexadecimal and ``_``: "loss✓" is "loss_x2713_". Where a name reads like that by itself, its
first underscore is written so. Of a name that is too long the beginning is followed by ``_h``, 16
digits of its SHA-256 and ``_``; the whole name is then in a tag, see `LONG`.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Mapping

LONGEST = 250
LONG = "autolog.name."
"""The beginning of the tag that holds a name which was too long; its 16 digits follow."""

_ODD = re.compile(r"[^\w/. -]|_(?=x[0-9A-F]*_)")
_ESCAPED = re.compile(r"_x([0-9A-F]*)_")
_CUT = re.compile(r"_h([0-9a-f]{16})_\Z")


def encoded(name: str) -> str:
    """``name`` as MLflow takes it."""
    text = _ODD.sub(_number, name) or "_x_"
    if not _is_straight(text):
        text = re.sub(r"[/.]", _number, text)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 19]}_h{digest(name)}_"


def decoded(text: str, tags: Mapping[str, str]) -> str:
    """The name that `encoded` was given; ``tags`` are those of the run."""
    cut = _CUT.search(text)
    if cut is not None and LONG + cut[1] in tags:
        return tags[LONG + cut[1]]
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)) if match[1] else "", text)


def is_cut(name: str) -> bool:
    """Whether its whole text has to be kept in a tag."""
    return _CUT.search(encoded(name)) is not None and _CUT.search(name) is None


def digest(text: str) -> str:
    """16 digits that stand for a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _number(match: re.Match[str]) -> str:
    return f"_x{ord(match[0]):X}_"


def _is_straight(text: str) -> bool:
    plain = posixpath.normpath(text)
    return plain == text and plain != "." and not plain.startswith(("..", "/"))
