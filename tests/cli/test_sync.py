"""`autolog sync`: what waits for a server is sent, and stores are copied."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from autolog.store.events import End
from autolog.store.folder import FolderStore
from autolog.store.http import HttpStore, shipper
from autolog.store.http.spool import spools
from autolog.store.opening import open_store
from tests.cli.conftest import Command
from tests.store.http.serving import TOKEN, Server, serving


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("AUTOLOG_TOKEN", TOKEN)
    monkeypatch.setattr(shipper, "PAUSE", 0.02)
    with serving() as server:
        server.show(tmp_path / "served")
        yield server


@pytest.fixture
def fruit() -> FolderStore:
    """Two experiments with a run each in ``./fruit``, one with a model."""
    store = FolderStore("fruit")
    for name in ("apple", "pear"):
        run = store.create(name, "fit", id=name, time=1_700_000_000_000)
        run.points(("loss", step, step, 0.5) for step in range(3))
        with run.artifact("model") as folder:
            folder.mkdir()
            (folder / "MLmodel").write_text("flavors: {}")
        run.write(End(run=0, time=1_700_000_000_500, status="FINISHED"))
    store.registry.register("fruits", "runs:/apple/model")
    return store


TABLE = """\
                   copied  completed  there already
experiments             2          0              1
runs                    2          0              0
registered models       1          0              0
versions                1          0              0
points                  6
files                   2
bytes                22 B
"""


def test_a_copy_and_another(autolog: Command, fruit: FolderStore) -> None:
    result = autolog("sync", "--from", "fruit", "--to", "sqlite:///fruit.db")
    assert (result.code, result.out, result.err) == (0, TABLE, "")
    copied = open_store("sqlite:///fruit.db")
    assert {run.id for run in copied.search()} == {"apple", "pear"}
    assert copied.registry.version("fruits", 1).run_id == "apple"
    again = autolog("sync", "--from", "fruit", "--to", "sqlite:///fruit.db")
    assert again.code == 0
    assert [line.split()[-3:] for line in again.lines[1:3]] == [["0", "0", "3"], ["0", "0", "2"]]


def test_a_dry_run(autolog: Command, fruit: FolderStore) -> None:
    for target in ("other", "sqlite:///other.db"):
        result = autolog("sync", "--from", "fruit", "--to", target, "--dry-run")
        assert result.code == 0
        assert result.lines[0].split() == ["to", "copy", "to", "complete", "there", "already"]
        assert result.lines[2].split() == ["runs", "2", "0", "0"]
    assert not [path for path in Path().iterdir() if path.name.startswith("other")]


def test_one_experiment(autolog: Command, fruit: FolderStore) -> None:
    assert autolog("sync", "--from", "fruit", "--to", "other", "--experiment", "pear").code == 0
    assert [run.id for run in FolderStore("other").search()] == ["pear"]
    result = autolog("sync", "--from", "fruit", "--to", "other", "--experiment", "plum")
    assert (result.code, result.out) == (2, "")
    assert "no experiment 'plum'" in result.err


def test_what_fails_is_said(autolog: Command, fruit: FolderStore) -> None:
    run = FolderStore("other").create("apple", "fit", id="apple", time=1_700_000_000_000)
    with run.artifact("model") as file:
        file.write_text("in the way")
    result = autolog("sync", "--from", "fruit", "--to", "other")
    assert result.code == 1
    assert result.err.startswith("not copied: run apple 'fit': ")
    assert FolderStore("other").get("pear").status == "FINISHED"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from", "fruit"], "--from and --to go together"),
        (["--to", "fruit"], "--from and --to go together"),
        (["--dry-run"], "go with --from and --to"),
        (["--from", "fruit", "--to", "x", "--store", "http://localhost"], "--store is for sending"),
        (["--from", "fruit", "--to", "./fruit"], "into itself"),
        (["--from", "nowhere", "--to", "x"], "no store in"),
        (["--from", "sqlite:///nowhere.db", "--to", "x"], "no store in"),
        (["--from", "fruit", "--to", "ftp://x"], "no store is known for ftp://"),
    ],
)
def test_wrong_use(autolog: Command, fruit: FolderStore, arguments: list[str], message: str) -> None:
    result = autolog("sync", *arguments)
    assert (result.code, result.out) == (2, "")
    assert message in result.err
    assert not Path("nowhere.db").exists()


@pytest.mark.slow
def test_to_a_server_and_back(autolog: Command, fruit: FolderStore, server: Server) -> None:
    assert autolog("sync", "--from", "fruit", "--to", server.address).code == 0
    assert len(FolderStore("served").search()) == 2
    assert autolog("sync", "--from", server.address, "--to", "back").code == 0
    assert len(FolderStore("back").points("apple", "loss")) == 3
    assert FolderStore("back").registry.version("fruits", 1).source == "runs:/apple/model"


def only_noted(shipper: shipper.Shipper, folder: Path) -> None:
    """What is recorded waits, as if the process had ended at once."""
    shipper._spool.note_server(shipper._target.url)


def test_what_waits_is_sent(autolog: Command, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipper.Shipper, "wake", only_noted)
    run = HttpStore(server.address).create("fruit", "apple", id="apple")
    run.point("loss", 0, 0, 0.5)
    (spool,) = spools()
    assert FolderStore("served").search() == []
    result = autolog("sync")
    assert (result.code, result.out) == (0, f"{server.address}: 1 run sent\n")
    assert [found.id for found in FolderStore("served").search()] == ["apple"]
    assert autolog("sync", "--store", server.address).out == f"{spool.server} has everything\n"


def test_what_waits_for_a_server_is_sent_before_it_is_copied(
    autolog: Command, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipper.Shipper, "wake", only_noted)
    HttpStore(server.address).create("fruit", "apple", id="apple")
    assert autolog("sync", "--from", server.address, "--to", "copy").code == 0
    assert [found.id for found in FolderStore("copy").search()] == ["apple"]


def test_nothing_waits(autolog: Command) -> None:
    result = autolog("sync")
    assert (result.code, result.out) == (0, "nothing waits for a server\n")


def test_without_mlflow_its_files_cannot_be_read(autolog: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    from autolog.store.copying import mlflow_files

    monkeypatch.setattr(mlflow_files, "find_spec", lambda name: None)
    with closing(sqlite3.connect("mlflow.db")) as database:
        database.execute("CREATE TABLE latest_metrics (key TEXT)")
    Path("mlruns/0").mkdir(parents=True)
    Path("mlruns/0/meta.yaml").write_text("experiment_id: '0'")
    for place in ("mlflow.db", "sqlite:///mlflow.db", "mlruns"):
        result = autolog("sync", "--from", place, "--to", "copy")
        assert result.code == 2
        assert "pip install mlflow" in result.err
    shutil.rmtree("mlruns")
