"""The settings in force: those of the last ``enable()``, else what the environment says."""

from __future__ import annotations

from collections.abc import Callable

from . import contain
from .settings import Settings, resolve

_active: Settings | None = None
_listeners: list[Callable[[Settings], None]] = []


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
    for listener in _listeners:
        listener(settings)


def when_activated(listener: Callable[[Settings], None]) -> None:
    """Have ``listener`` called with the settings whenever they are chosen anew."""
    _listeners.append(listener)
