from __future__ import annotations

import io
import sys
import time

import pytest

from autolog.cli import waiting
from autolog.cli.waiting import patience


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.slow
@pytest.mark.parametrize(("after", "said"), [(0.0, True), (60.0, False)])
def test_only_what_takes_long_is_said(monkeypatch: pytest.MonkeyPatch, after: float, said: bool) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(waiting, "AFTER", after)
    monkeypatch.setenv("TERM", "xterm")
    with patience("reading"):
        time.sleep(0.5 if said else 0)
    assert ("reading" in terminal.getvalue()) is said


def test_a_pipe_sees_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(waiting, "AFTER", 0.0)
    with patience("reading"):
        time.sleep(0.1)
    assert capsys.readouterr() == ("", "")
