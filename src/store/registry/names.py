"""Names of models, aliases, tags and stages: what they may be, and the folder of a model.

The rules and limits are MLflow's, so a registry can be copied there and back, and an
address such as ``models:/fraud/3`` or ``models:/fraud@champion`` has one meaning.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote

from ..errors import InvalidName
from ..names import LONGEST, encoded
from .base import STAGES, Stage

LONGEST_NAME = 256
LONGEST_ALIAS = 255
LONGEST_TAG_KEY = 250
LONGEST_TAG_VALUE = 100_000

_CUT = "%~"
"""Between the beginning of a long name and its digest; no encoded name has this in it."""
_ACTIVE: tuple[Stage, ...] = ("Staging", "Production")


def model_folder(name: str) -> str:
    """The folder for a model. Raises InvalidName."""
    check_name(name)
    folder = encoded(name)
    if len(folder) <= LONGEST:
        return folder
    beginning = re.sub("%.?$", "", folder[: LONGEST // 2])
    return f"{beginning}{_CUT}{hashlib.sha256(name.encode()).hexdigest()[:32]}"


def model_name(folder: str, known: Iterable[str]) -> str | None:
    """The name that a folder stands for; ``known`` are the names that its log mentions.

    None for a folder that is no model's.
    """
    candidates = known if _CUT in folder else [unquote(folder)]
    return next((name for name in candidates if _is_name(name) and model_folder(name) == folder), None)


def _is_name(name: str) -> bool:
    try:
        check_name(name)
    except InvalidName:
        return False
    return True


def check_name(name: str) -> None:
    """Raises InvalidName for a text that cannot be the name of a model."""
    if not isinstance(name, str) or not name.strip():
        raise InvalidName(f"a model's name is a text, not {name!r}")
    if len(name) > LONGEST_NAME:
        raise InvalidName(f"the model's name {name[:40]!r}… is too long; use up to {LONGEST_NAME} characters")
    if any(c in "/:" or c < " " or "\ud800" <= c <= "\udfff" for c in name):
        raise InvalidName(f"a model's name has no '/', ':' or control character, as {name!r} does")
    if name == "." or name.startswith(".."):
        raise InvalidName(f"a model cannot be called {name!r}; begin with another character")


def check_alias(alias: str) -> None:
    """Raises InvalidName for a text that cannot be an alias."""
    if not isinstance(alias, str) or not re.fullmatch(r"[\w-]+", alias):
        raise InvalidName(f"an alias is made of letters, digits, '_' and '-', not {alias!r}")
    if len(alias) > LONGEST_ALIAS:
        raise InvalidName(f"the alias {alias[:40]!r}… is too long; use up to {LONGEST_ALIAS} characters")
    if alias.lower() == "latest" or re.fullmatch(r"[vV]\d+", alias):
        raise InvalidName(f"{alias!r} always means a certain version; choose another alias")


def check_notes(
    description: str | None, tags: Mapping[str, str] | Mapping[str, str | None], *, changing: bool = False
) -> None:
    """Raises InvalidName for what cannot be a description or a tag; ``changing`` lets None be."""
    possible: tuple[type, ...] = (str, type(None)) if changing else (str,)
    if not isinstance(description, possible):
        raise InvalidName(f"a description is a text, not {description!r:.80}")
    for key, value in tags.items():
        if not isinstance(key, str) or not 0 < len(key) <= LONGEST_TAG_KEY:
            raise InvalidName(f"a tag's key is a text of 1 to {LONGEST_TAG_KEY} characters, not {key!r:.80}")
        if not isinstance(value, possible) or len(value or "") > LONGEST_TAG_VALUE:
            limit = f"{LONGEST_TAG_VALUE:,} characters"
            raise InvalidName(f"tag {key!r} is a text of up to {limit}, not {value!r:.80}")


def canonical_stage(stage: str, *, archive_existing: bool = False) -> Stage:
    """The stage in its usual spelling. Raises InvalidName."""
    found = {known.lower(): known for known in STAGES}.get(str(stage).lower())
    if found is None:
        raise InvalidName(f"there is no stage {stage!r}; it is one of {', '.join(STAGES)}")
    if archive_existing and found not in _ACTIVE:
        raise InvalidName(f"only {' and '.join(_ACTIVE)} replace other versions, {found} does not")
    return found
