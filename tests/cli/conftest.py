"""A small store, and the command in this process."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from autolog.cli import main, tables
from autolog.store.base import RunWriter
from autolog.store.events import End, Input, Metrics, Model, Params, Tags
from autolog.store.folder import FolderStore
from autolog.store.log import now

TRIALS = 30
BEST = 20
MODEL = f"m-{7:032x}"


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


Command = Callable[..., Result]


@pytest.fixture
def autolog(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs `autolog ARGUMENTS` and gives back what it printed, and the exit code."""

    def run(*arguments: str) -> Result:
        capsys.readouterr()
        code = main(list(arguments))
        return Result(code, *capsys.readouterr())

    return run


@pytest.fixture
def in_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of 100 columns, without colours."""
    from rich.console import Console

    console = Console(force_terminal=True, width=100, color_system=None, highlight=False)
    monkeypatch.setattr(tables, "terminal", lambda: console)


@pytest.fixture
def store() -> FolderStore:
    """A search with 30 trials, a plain run with files, and a failed one, in ``./runs``."""
    store = FolderStore("runs")
    _search(store)
    time.sleep(0.002)  # the next one starts a millisecond later: it is the newer one
    _plain(store)
    time.sleep(0.002)
    failed = store.create("wine", "broken")
    failed.write(End(run=0, time=now(), status="FAILED", error="ValueError: no [red]x[/red]"))
    return store


def run_id(store: FolderStore, name: str) -> str:
    (run,) = store.search(f"name = '{name}'")
    return run.id


def _search(store: FolderStore) -> None:
    search = store.create("iris", "search")
    for number in range(TRIALS):
        _trial(search, number)
    search.write(Metrics(run=0, time=now(), step=0, metrics={"best_score": BEST / 100}))
    search.write(Tags(run=0, time=now(), tags={"team": "red", "autolog.git.commit": "abc123"}))
    search.write(End(run=0, time=now(), status="FINISHED"))


def _trial(search: RunWriter, number: int) -> None:
    trial = search.child(f"trial {number}")
    tags = {"autolog.trial": str(number)} | ({"autolog.best": "true"} if number == BEST else {})
    scores = {"mean_test_score": number / 100, "std_test_score": 0.5}
    trial.write(
        Params(run=0, time=now(), params={"C": number, "kernel": "rbf"}),
        Metrics(run=0, time=now(), step=0, metrics=scores),
        Tags(run=0, time=now(), tags=tags),
        End(run=0, time=now(), status="FINISHED"),
    )


def _plain(store: FolderStore) -> None:
    run = store.create("iris", "plain")
    run.write(Params(run=0, time=now(), params={"note": "long " * 40, "depth": None}))
    for step in range(100):
        run.point("loss", step, now(), "NaN" if step == 99 else float(100 - step))
    facts = {"shape": [150, 4], "kind": "ndarray"}
    run.write(Input(run=0, time=now(), name="train", digest="d1", context="training", facts=facts))
    for path, text in (("notes/a.txt", "hello"), ("environment.json", '{"cpus": 2, "packages": {}}')):
        with run.artifact(path) as file:
            file.write_text(text)
    notes = ["the output is unknown"]
    run.write(Model(run=0, time=now(), id=MODEL, path="best/model", flavor="sklearn", notes=notes))
    run.write(End(run=0, time=now(), status="FINISHED"))
