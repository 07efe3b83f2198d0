"""The settings in force: those of the last ``enable()``, else what the environment says."""

from __future__ import annotations

from . import contain
from .settings import Settings, resolve

_active: Settings | None = None


def active_settings() -> Settings:
    """The settings for whatever is recorded now. Raises ValueError for options nobody can read."""
    global _active
    if _active is None:
        activate(resolve())
    assert _active is not None
    return _active


def activate(settings: Settings) -> None:
    global _active
    _active = settings
    contain.strict = settings.strict
    contain.silent = settings.silent
