"""Registered models: names, versions, aliases, and who moved which alias when.

`base.Registry` says what a registry can do; `folder.FolderRegistry` is the one of a folder.
"""

from __future__ import annotations

from .base import AliasMove, ModelVersion, RegisteredModel, Registry

__all__ = ["AliasMove", "ModelVersion", "RegisteredModel", "Registry"]
