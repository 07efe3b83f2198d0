"""The run of `log_…` calls with no run open: who joins it, and how long it lasts."""

from __future__ import annotations

import subprocess
import sys

import pytest

import autolog
from autolog.autolog.fit import begin_fit


@pytest.fixture
def at_a_prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)


def names(store: str = "autoruns") -> dict[str, str | None]:
    """Of every run, the name of the one it is nested in."""
    runs = {run.id: run for run in autolog.search_runs(store=store)}
    return {run.name: runs[run.parent_id].name if run.parent_id else None for run in runs.values()}


def log_and_fit() -> None:
    autolog.log_metric("loss", 1.0)
    logging = autolog.active_run()
    assert logging is not None
    logging.takes_fit()
    begin_fit("fit").end(None)
    with autolog.run("mine"):
        autolog.log_metric("own", 2.0)
    assert autolog.active_run() is logging


def test_in_a_script_it_takes_in_what_follows() -> None:
    log_and_fit()
    (top,) = (name for name, above in names().items() if above is None)
    assert names() == {top: None, "fit": top, "mine": top}


@pytest.mark.usefixtures("at_a_prompt")
def test_at_a_prompt_every_run_stands_by_itself() -> None:
    log_and_fit()
    assert len(names()) == 3
    assert set(names().values()) == {None}


def test_with_another_store_it_is_opened_anew() -> None:
    autolog.enable(store="one", frameworks=[])
    autolog.log_metric("x", 1.0)
    autolog.enable(store="one", frameworks=[], silent=True)
    autolog.log_metric("x", 2.0)
    autolog.enable(store="two", frameworks=[])
    assert autolog.active_run() is None
    autolog.log_metric("x", 3.0)
    (first,), (second,) = autolog.search_runs(store="one"), autolog.search_runs(store="two")
    assert (first.status, list(first.history("x").value)) == ("FINISHED", [1.0, 2.0])
    assert (second.status, list(second.history("x").value)) == ("RUNNING", [3.0])


@pytest.mark.slow
def test_a_session_at_a_real_prompt() -> None:
    lines = """
import autolog
autolog.log_metric("x", 1.0)
autolog.enable()
from sklearn.linear_model import LogisticRegression
_ = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
"""
    subprocess.run([sys.executable, "-i"], input=lines, text=True, capture_output=True, check=True)
    assert names() == {"run": None, "LogisticRegression": None}
    assert {run.status for run in autolog.search_runs()} == {"FINISHED"}
