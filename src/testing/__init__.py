"""Contracts of patchers, stores, experiments, registries and flavors: subclass them in your own tests."""

from __future__ import annotations

from .experiments import ExperimentsContract
from .flavor import FlavorContract
from .intake import IntakeContract
from .patcher import PatcherContract
from .registry import RegistryContract
from .store import StoreContract

__all__ = [
    "ExperimentsContract",
    "FlavorContract",
    "IntakeContract",
    "PatcherContract",
    "RegistryContract",
    "StoreContract",
]
