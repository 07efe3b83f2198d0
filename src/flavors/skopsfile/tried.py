"""Writing a file that is known to be readable."""

from __future__ import annotations

from pathlib import Path

from ..errors import ModelError, ModelNotSaved
from .write import write

_OURS = ("sklearn.", "numpy.", "scipy.", "builtins.", "collections.", "functools.", "datetime.", "zoneinfo.")


def write_tried(model: object, path: Path) -> frozenset[str]:
    """As `write`; a file that names classes of unknown make is read once, before it is called saved.

    Such classes can be written and still not be read. Raises ModelNotSaved.
    """
    names = write(model, path)
    if all(name.startswith(_OURS) for name in names):
        return names
    from .read import read  # not needed for most models

    try:
        read(path, names, mapped=True)
    except Exception as error:  # the user's __setstate__ may raise anything
        what = str(error) if isinstance(error, ModelError) else f"{type(error).__name__}: {error}"
        raise ModelNotSaved(f"it could be written, but not read again: {what}") from error
    return names
