"""Public names that are imported at first use (PEP 562).

A script that only reads runs needs no hooks, one that only records needs no SQL, and
nobody should pay for either at ``import autolog``.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def attributes(package: str, where: Mapping[str, tuple[str, ...]]) -> Callable[[str], Any]:
    """The ``__getattr__`` of ``package``; ``where`` lists the public names by submodule."""
    modules = {name: module for module, names in where.items() for name in names}

    def getattr_(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f"{package}.{modules[name]}"), name)
        setattr(sys.modules[package], name, value)  # from now on it is found directly
        return value

    return getattr_
