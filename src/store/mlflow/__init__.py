"""Any MLflow server as a store: what ships a spool there, and what reads from it."""

from __future__ import annotations

from .reader import MlflowReader
from .target import MlflowTarget

__all__ = ["MlflowReader", "MlflowTarget"]
