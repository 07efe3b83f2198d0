"""A store on a server: records are kept on this machine first, and shipped."""

from __future__ import annotations

from .store import HttpStore

__all__ = ["HttpStore"]
