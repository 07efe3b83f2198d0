"""Every test runs in an empty folder, with no settings of yours, and leaves nothing enabled."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# One thread for each process: many small fits in parallel tests are no work for more.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
os.environ["AUTOLOG_STRICT"] = "1"  # before autolog is imported: errors of our own are raised, not contained

# A shell lets what it starts in the background ignore Ctrl-C, and their children do, too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The same code passes or fails each time; `--hypothesis-profile=default` looks further.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


@pytest.fixture(autouse=True)
def clean_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The working folder is `tmp_path`, nothing is set but strictness, and nothing stays on."""
    for name in [name for name in os.environ if name.startswith("AUTOLOG_") and name != "AUTOLOG_STRICT"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / ".cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / ".state"))
    monkeypatch.chdir(tmp_path)
    _forget(monkeypatch)
    yield
    import autolog

    autolog.disable()


def _forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a process remembers from one enable() to the next."""
    from autolog.tracking import active, api, contain, opening, provenance

    monkeypatch.setattr(active, "_active", None)
    monkeypatch.setattr(api, "_process_run", None)
    monkeypatch.setattr(opening, "_stores", {})
    monkeypatch.setattr(provenance, "_provenance", None)
    monkeypatch.setattr(contain, "_said", set())
    monkeypatch.setattr(contain, "strict", True)
    monkeypatch.setattr(contain, "silent", False)
