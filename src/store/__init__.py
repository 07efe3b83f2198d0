"""Where runs are kept. `open_store` finds a store; `base.Store` says what it can do."""

from __future__ import annotations

from .opening import open_store

__all__ = ["open_store"]
