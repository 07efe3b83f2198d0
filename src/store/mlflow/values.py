"""Values of params and tags as texts of MLflow's, and back.

MLflow knows texts only, 6,000 characters for a param and 8,000 for a tag (older servers 5,000). A
param is written as Python shows it. Where that does not tell what it was (the text "1.0", say), the
tag ``autolog.param.<name>`` holds it in JSON. A longer text is shortened: what is left ends with
where the whole one is, a file of the run's below `TEXTS`.
"""

from __future__ import annotations

import json
import re
from typing import Any

from ..events import Scalar
from .names import digest

LONGEST = 5_000
"""Characters of a text that is not shortened; so older servers take it, too."""
TEXTS = "autolog/texts"
"""The folder among a run's artifacts with whole texts, each a file with one JSON text."""

_SHORT = 400
_CUT = re.compile(r"…\[\d+ characters: (autolog/texts/[0-9a-f]{16}\.json)\]\Z")
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")
_WORDS: dict[str, Scalar] = {"True": True, "False": False, "None": None}


def shown(value: Scalar) -> str:
    """A param's value as MLflow's users see it."""
    return value if isinstance(value, str) else repr(value)


def guessed(text: str) -> Scalar:
    """What a text of ours most likely was."""
    if text in _WORDS:
        return _WORDS[text]
    number = _NUMBER.fullmatch(text)
    if number is None:
        return text
    return float(text) if number[2] or number[3] else int(text)


def is_told(value: Scalar) -> bool:
    """Whether its text alone tells what the value is."""
    found = guessed(shown(value))
    return found == value and type(found) is type(value)


def noted(value: Scalar) -> str:
    """The value in JSON, for a tag."""
    return json.dumps(value, ensure_ascii=False)


def read_note(text: str) -> Any:
    """What `noted` wrote; the text itself when somebody else did."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def is_long(text: str) -> bool:
    """Whether it cannot be there as it is: too long, or with what databases refuse."""
    return len(text) > LONGEST or "\0" in text or (not text.isascii() and _is_broken(text))


def shortened(text: str) -> str:
    """The beginning of a long text, and where the whole is."""
    beginning = text[:_SHORT].replace("\0", "␀").encode("utf-8", "replace").decode()
    return f"{beginning}…[{len(text)} characters: {place(text)}]"


def place(text: str) -> str:
    """Where the whole of a long text is, among the run's artifacts."""
    return f"{TEXTS}/{digest(text)}.json"


def place_of_whole(text: str) -> str | None:
    """Where the whole of what was shortened is; None for a text that was not."""
    cut = _CUT.search(text)
    return cut[1] if cut else None


def _is_broken(text: str) -> bool:
    return any("\ud800" <= c <= "\udfff" for c in text)
