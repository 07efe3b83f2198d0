"""Copying what is in one store into another: `autolog sync --from A --to B`."""

from __future__ import annotations

from .copying import Copying
from .report import Report, Tally

__all__ = ["Copying", "Report", "Tally"]
