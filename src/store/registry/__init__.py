"""Registered models: names, versions, aliases, and who moved which alias when.

`base.Registry` says what a registry can do. `registry.EventRegistry` does it for every store, over a
`shelf.Shelf`: where a store keeps the events.
"""

from __future__ import annotations

from .base import AliasMove, ModelVersion, RegisteredModel, Registry

__all__ = ["AliasMove", "ModelVersion", "RegisteredModel", "Registry"]
