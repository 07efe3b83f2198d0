"""Contracts of patchers, stores, registries and flavors: subclass them in your own tests."""

from __future__ import annotations

from .flavor import FlavorContract
from .patcher import PatcherContract
from .registry import RegistryContract
from .store import StoreContract

__all__ = ["FlavorContract", "PatcherContract", "RegistryContract", "StoreContract"]
