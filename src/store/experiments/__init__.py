"""What runs are grouped in: their names, tags, and whether they are deleted."""

from __future__ import annotations

from .base import Experiment, Experiments

__all__ = ["Experiment", "Experiments"]
