"""Classes of modules that stand in the script that runs, which other processes cannot import.

The part of the script that makes the class travels along, as a module of the script's name:
``train.Net`` for a class of ``train.py``. In that very script the class is the script's own.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..code import FOLDER, collect
from ..errors import ModelNotSaved
from ..function import origin
from ..script import part_of
from ..trust import Trust

_MAIN = "__main__"
_UNREADABLE = (ModelNotSaved, SyntaxError, ValueError, SystemError)  # the last by `ast`, amid another's use


def travelling(cls: type, folder: Path) -> str | None:
    """Put the source of a class of the script into the folder; the module that others find it in."""
    if cls.__module__ != _MAIN:
        return None
    try:
        module, script = origin(cls)
        source = part_of(script, _top(cls.__qualname__)) if script is not None else None
    except _UNREADABLE:  # of a notebook; this process finds the class, and others are told that they do not
        return None
    if source is None:  # python -m package.module
        collect([_top(module)], (), folder / FOLDER)
    else:
        (folder / FOLDER).mkdir()
        (folder / FOLDER / f"{module}.py").write_text(source, encoding="utf-8")
    return module


def public_name(facts: Mapping[str, Any]) -> str:
    """The name of the class, as the caller trusts it."""
    name, module = str(facts.get("model_class")), facts.get("script")
    return f"{module}{name.removeprefix(_MAIN)}" if module and name.startswith(f"{_MAIN}.") else name


def found(facts: Mapping[str, Any], folder: Path, trust: Trust) -> Any:
    """What the trusted name stands for. Raises ModelNotLoadable."""
    name = public_name(facts)
    module = str(facts["script"]) if facts.get("script") else name.rpartition(".")[0]
    path = name.removeprefix(f"{module}.")
    here = getattr(sys.modules.get(_MAIN), _top(path), None) if facts.get("script") else None
    if here is not None and _is_same(here, folder / FOLDER / f"{module}.py"):
        return trust.find(_MAIN, path)
    return trust.find(module, path)


def _is_same(here: Any, file: Path) -> bool:
    """Whether what this script has under the name is made by the source in the folder."""
    try:
        _, script = origin(here)
        return script is not None and part_of(script, here.__qualname__) == file.read_text("utf-8")
    except (*_UNREADABLE, AttributeError, OSError):
        return False


def _top(path: str) -> str:
    return path.partition(".")[0]
