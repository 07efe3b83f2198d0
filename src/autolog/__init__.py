"""The hooks: the engine that puts them in place, and one module a framework.

Plug-ins import from here: `Call`, `CallFailed`, `Log`, `Patcher`, `Record`, `contained`,
`wrap`, `wrap_cell`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import attributes

if TYPE_CHECKING:
    from ..tracking.contain import contained
    from .enabling import disable, enable, status, suppressed
    from .engine import Call, CallFailed, wrap, wrap_cell
    from .patcher import Patcher, Record
    from .registry import FrameworkStatus
    from .sink import Log

__all__ = [
    "Call",
    "CallFailed",
    "FrameworkStatus",
    "Log",
    "Patcher",
    "Record",
    "contained",
    "disable",
    "enable",
    "status",
    "suppressed",
    "wrap",
    "wrap_cell",
]

__getattr__ = attributes(
    __name__,
    {
        "enabling": ("disable", "enable", "status", "suppressed"),
        "engine": ("Call", "CallFailed", "contained", "wrap", "wrap_cell"),
        "patcher": ("Patcher", "Record"),
        "registry": ("FrameworkStatus",),
        "sink": ("Log",),
    },
)
