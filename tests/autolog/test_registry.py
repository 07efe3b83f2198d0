"""Which frameworks are on, and what `status` says about those that do not fit."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

import autolog
from autolog.autolog import Call, Log, Record, registry, wrap
from autolog.tracking import contain


class Odd:
    """A patcher for a made-up module, fitted to the test by its attributes."""

    name = "odd"
    modules = ("odd_framework",)
    records = (Record("metric", "loss", "The loss."),)

    def __init__(self, requires: str = "pytest>=1", *, broken: bool = False) -> None:
        self.requires = (requires,)
        self.broken = broken
        self.seen: list[int] = []

    def patches(self, name: str, module: types.ModuleType) -> Iterator[AbstractContextManager[object]]:
        def hook(call: Call, log: Log) -> Any:
            self.seen.append(call.args[0])
            yield

        yield wrap((module, "train"), hook)
        if self.broken:
            yield wrap((module, "no_such_function"), hook)


@pytest.fixture
def framework(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    module = types.ModuleType("odd_framework")
    module.__spec__ = types.SimpleNamespace()  # type: ignore[assignment]
    module.train = lambda x: x  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "odd_framework", module)
    return module


def install(patcher: Odd, monkeypatch: pytest.MonkeyPatch) -> None:
    registry.patchers()  # the installed ones are found first
    monkeypatch.setitem(registry._entries, "odd", registry._Entry(patcher))
    monkeypatch.setattr(contain, "_said", set())


def odd_status() -> registry.FrameworkStatus:
    (row,) = [row for row in autolog.status() if row.name == "odd"]
    return row


def test_on_and_off_again(framework: types.ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    patcher, original = Odd(), framework.train
    install(patcher, monkeypatch)
    assert odd_status().state == "off"
    for _ in range(2):
        autolog.enable(frameworks=["odd"])
        autolog.enable(frameworks=["odd"])
        assert framework.train(1) == 1
        autolog.disable("odd")
        assert framework.train(2) == 2
        assert framework.train is original
    assert patcher.seen == [1, 1]


def test_only_the_frameworks_asked_for(framework: types.ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    patcher = Odd()
    install(patcher, monkeypatch)
    autolog.enable(frameworks=["odd"])
    autolog.enable(frameworks=["sklearn"])
    framework.train(1)
    assert patcher.seen == [] and odd_status().state == "off"


def test_an_untested_version_is_partial_and_says_so_once(
    framework: types.ModuleType, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    install(Odd("pytest>=1000"), monkeypatch)
    for _ in range(2):
        autolog.enable(frameworks=["odd"])
    row = odd_status()
    assert (row.state, row.version, row.requires) == ("partial", pytest.__version__, "pytest>=1000")
    assert row.reason == f"pytest {pytest.__version__} is not a tested version (>=1000)"
    assert len(caplog.records) == 1 and row.reason in caplog.text


def test_a_framework_that_is_not_installed_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    install(Odd("no-such-distribution>=1"), monkeypatch)
    autolog.enable(frameworks=["odd"])
    assert (odd_status().state, odd_status().reason) == ("off", "not installed")


def test_a_patch_that_fails_takes_back_those_of_its_module(
    framework: types.ModuleType, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    original = framework.train
    install(Odd(broken=True), monkeypatch)
    monkeypatch.setenv("AUTOLOG_STRICT", "0")
    monkeypatch.setattr(contain, "strict", False)
    autolog.enable(frameworks=["odd"])
    assert framework.train is original
    assert odd_status().state == "off" and "no_such_function" in odd_status().reason
    assert "no_such_function" in caplog.text


def test_unknown_frameworks_are_named() -> None:
    with pytest.raises(ValueError, match="no framework 'torchy' to record; there are .*sklearn"):
        autolog.enable(frameworks=["torchy"])
    with pytest.raises(ValueError, match="no framework 'torchy'"):
        autolog.disable("torchy")


def test_enabling_patches_nothing_that_is_not_imported(tmp_path: Path) -> None:
    autolog.enable(store=tmp_path / "s")
    assert not (tmp_path / "s").exists()
