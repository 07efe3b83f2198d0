"""Contracts that patchers and stores are tested with: subclass them in your own tests."""

from __future__ import annotations

from .patcher import PatcherContract
from .registry import RegistryContract
from .store import StoreContract

__all__ = ["PatcherContract", "RegistryContract", "StoreContract"]
