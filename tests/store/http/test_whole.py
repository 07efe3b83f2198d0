"""A training, `autolog server` as a process of its own, and its sudden end in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from autolog.store.http import HttpStore, shipper

from .serving import TOKEN, serving

SERVE = "import sys; from autolog.cli import main; sys.exit(main(['server', *sys.argv[1:]]))"

SEARCH = """
import sys, autolog
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
autolog.enable(store=sys.argv[1], experiment="iris")
search = GridSearchCV(LogisticRegression(max_iter=200), {"C": [0.1, 1.0, 10.0]}, n_jobs=2, cv=2)
search.fit(*load_iris(return_X_y=True))
"""


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOLOG_TOKEN", TOKEN)
    monkeypatch.setattr(shipper, "PAUSE", 0.02)
    monkeypatch.setattr(shipper, "LONGEST", 0.1)


@contextmanager
def process(store: Path | str, port: int) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address of a server, and its process, when it listens."""
    command = [sys.executable, "-c", SERVE, "--store", str(store), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        assert running.stdout is not None
        line = running.stdout.readline()
        try:
            yield line.split()[0].removeprefix("url="), running
        finally:
            running.kill()


@pytest.fixture
def port() -> int:
    with serving() as server:
        return int(server.address.rpartition(":")[2])


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["", "sqlite:///"])
def test_a_server_that_is_killed_loses_nothing(tmp_path: Path, port: int, scheme: str) -> None:
    served = f"{scheme}{tmp_path / 'served'}"
    content = os.urandom(100_000)
    with process(served, port) as (address, running):
        store = HttpStore(address)
        run = store.create("fruit", "apple")
        run.points(("loss", step, step, 0.5) for step in range(1_000))
        assert len(store.points(run.id, "loss")) == 1_000
        running.send_signal(signal.SIGKILL)
    for step in range(1_000, 2_000):
        run.point("loss", step, step, 0.5)
    with run.artifact("model") as path:
        path.mkdir()
        (path / "weights").write_bytes(content)
    with process(served, port):
        assert list(store.points(run.id, "loss").step) == list(range(2_000))
        version = store.registry.register("fruits", f"runs:/{run.id}/model")
        assert (store.registry.path(version) / "weights").read_bytes() == content
        assert [other.id for other in store.search("metrics.loss = 0.5")] == [run.id]


@pytest.mark.slow
def test_a_search_is_there_when_its_process_ends(tmp_path: Path, port: int) -> None:
    with process(tmp_path / "served", port) as (address, _):
        done = subprocess.run([sys.executable, "-c", SEARCH, address], capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        store = HttpStore(address)
        (top,) = store.search("parent IS NULL")
        trials = store.search(f"parent = '{top.id}'")
        assert [run.status for run in (top, *trials)] == ["FINISHED"] * 4
        assert sorted(run.params["C"] for run in trials) == [0.1, 1.0, 10.0]
        assert {run.experiment for run in (top, *trials)} == {"iris"}
        assert [model.path for model in store.models(top.id)] != []
