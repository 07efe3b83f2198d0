"""Structs that several of MLflow's endpoints share."""

from __future__ import annotations

import msgspec


class Tag(msgspec.Struct, frozen=True):
    """A tag or a param; MLflow leaves the value out where it is empty."""

    key: str
    value: str = ""


class Nothing(msgspec.Struct, frozen=True):
    """The answer that says no more than that it was done: ``{}``."""
