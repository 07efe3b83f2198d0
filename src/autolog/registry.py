"""Which patchers there are, which are on, and how well they fit the installed versions.

One place, one lock. Nothing is kept on other people's modules.
"""

from __future__ import annotations

import atexit
import importlib
import sys
import threading
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import ModuleType
from typing import Literal

from ..tracking import contain
from ..tracking.contain import contained, say_once
from .entry_points import entry_points
from .importing import when_imported
from .patcher import Patcher
from .plumbing import PLUMBING


@dataclass(frozen=True)
class FrameworkStatus:
    """How one framework is recorded.

    ``state`` is on, partial (``reason`` says what is missing) or off. ``version`` is the
    installed one, None where it is not installed; ``requires`` the range that is tested.
    """

    name: str
    state: Literal["on", "partial", "off"]
    reason: str
    version: str | None
    requires: str


@dataclass
class _Entry:
    """A patcher and what is in place of it."""

    patcher: Patcher
    wanted: bool = False
    stacks: dict[str, ExitStack] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    watched: set[str] = field(default_factory=set)


_lock = threading.RLock()
_entries: dict[str, _Entry] = {}
_broken: dict[str, str] = {}


def enable(names: Iterable[str] | None) -> None:
    """Turn patchers on: those named, or all. Raises ValueError for a name there is none of."""
    with _lock:
        _discover()
        _undo_at_exit()
        known = [name for name, entry in _entries.items() if not _is_plumbing(entry)]
        chosen = known if names is None else list(names)
        for name in chosen:
            if name not in _entries and name not in _broken:
                raise ValueError(f"there is no framework {name!r} to record; there are {', '.join(known)}")
        for name, entry in _entries.items():
            if name in chosen or _is_plumbing(entry):
                _turn_on(entry)
            else:
                _turn_off(entry)


def disable(name: str | None = None) -> None:
    """Turn one patcher off, or all. Raises ValueError for a name there is none of."""
    with _lock:
        if name is not None and name not in _entries:
            raise ValueError(f"there is no framework {name!r}; there are {', '.join(sorted(_entries))}")
        for entry in _entries.values() if name is None else [_entries[name]]:
            _turn_off(entry)


def status() -> list[FrameworkStatus]:
    """One row a framework."""
    with _lock:
        _discover()
        rows = [_status(entry) for entry in _entries.values() if not _is_plumbing(entry)]
        broken = [FrameworkStatus(name, "off", reason, None, "") for name, reason in _broken.items()]
        return sorted([*rows, *broken], key=lambda row: row.name)


def enabled() -> tuple[str, ...]:
    """The names of the patchers that are on."""
    with _lock:
        return tuple(name for name, entry in _entries.items() if entry.wanted and not _is_plumbing(entry))


def patchers() -> list[Patcher]:
    """All patchers for frameworks, on or off."""
    with _lock:
        _discover()
        return [entry.patcher for entry in _entries.values() if not _is_plumbing(entry)]


def _undo_at_exit() -> None:
    """Patches are not left to the end of the interpreter, which clears modules before it undoes them."""
    atexit.unregister(disable)
    atexit.register(disable)


def _is_plumbing(entry: _Entry) -> bool:
    """Without versions of its own: it carries the context for all frameworks alike."""
    return not entry.patcher.requires


def _discover() -> None:
    if _entries:
        return
    for patcher in PLUMBING:
        _entries[patcher.name] = _Entry(patcher)
    for name, target in entry_points("autolog.patchers").items():
        module, _, attribute = target.partition(":")
        try:
            loaded: Patcher = getattr(importlib.import_module(module), attribute)
            _entries[loaded.name] = _Entry(loaded)
        except Exception as error:
            if contain.strict:
                raise
            _broken[name] = f"{target} cannot be loaded: {type(error).__name__}: {error}"
            say_once(f"patcher {name}", "autolog's plug-in %r is off: %s", name, _broken[name])


def _turn_on(entry: _Entry) -> None:
    entry.wanted = True
    for name in entry.patcher.modules:
        if name in entry.watched:
            if sys.modules.get(name) is not None:
                _patch(entry, name, sys.modules[name])
        else:
            entry.watched.add(name)
            _when_imported(entry, name)


def _turn_off(entry: _Entry) -> None:
    entry.wanted = False
    entry.problems.clear()
    while entry.stacks:
        with contained(f"undoing the patches of {entry.patcher.name}"):
            entry.stacks.popitem()[1].close()


def _when_imported(entry: _Entry, name: str) -> None:
    def imported(module: ModuleType) -> None:
        with _lock:
            if entry.wanted:
                _patch(entry, name, module)

    when_imported(name, imported)


def _patch(entry: _Entry, name: str, module: ModuleType) -> None:
    """All patches for one module, or none."""
    if name in entry.stacks:
        return
    entry.problems.pop(name, None)
    with ExitStack() as stack:
        try:
            for patch in entry.patcher.patches(name, module):
                stack.enter_context(patch)
        except Exception as error:
            if contain.strict:
                raise
            entry.problems[name] = f"{name} cannot be hooked: {type(error).__name__}: {error}"
        else:
            entry.stacks[name] = stack.pop_all()
    _say_what_is_missing(entry)


def _say_what_is_missing(entry: _Entry) -> None:
    if contain.silent:  # then do not even look: reading versions takes a while
        return
    if reason := _reason(entry):
        name = entry.patcher.name
        say_once(f"framework {name}", "autolog records %s only in part: %s", name, reason)


def _status(entry: _Entry) -> FrameworkStatus:
    from .versions import installed

    patcher = entry.patcher
    version = installed(patcher.requires)
    state: Literal["on", "partial", "off"] = "on"
    reason = _reason(entry)
    if not entry.wanted:
        state, reason = "off", "not enabled"
    elif version is None:
        state, reason = "off", "not installed"
    elif reason:
        state = "partial" if entry.stacks or not entry.problems else "off"
    return FrameworkStatus(patcher.name, state, reason, version, ", ".join(patcher.requires))


def _reason(entry: _Entry) -> str:
    """What keeps the framework from being recorded in full; empty when nothing does."""
    from .versions import unmet

    outside = unmet(entry.patcher.requires) if entry.patcher.requires else []
    return "; ".join([*outside, *entry.problems.values()])
