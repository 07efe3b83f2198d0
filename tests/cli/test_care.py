"""`autolog delete`, `restore`, `gc`, `doctor` and `export`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from autolog.store.folder import FolderStore
from autolog.store.writer import size_of

from .conftest import TRIALS, Command, run_id

STORE = ("--store", "runs")


@pytest.mark.slow
def test_deleted_runs_are_gone_and_come_back(autolog: Command, store: FolderStore) -> None:
    search = run_id(store, "search")
    assert f"{1 + TRIALS} runs deleted" in autolog("delete", *STORE, search[:8]).out
    assert {run.name for run in store.search()} == {"plain", "broken"}
    assert autolog("show", *STORE, search).code == 2
    deleted = autolog("runs", *STORE, "--deleted", "--tree", "--columns", "id,name").lines
    assert len(deleted) == 1 + 1 + TRIALS
    assert f"{1 + TRIALS} runs restored" in autolog("restore", *STORE, search[:8]).out
    assert len(store.search()) == 3 + TRIALS


def test_restoring_names_what_is_not_there(autolog: Command, store: FolderStore) -> None:
    result = autolog("restore", *STORE, run_id(store, "plain"))
    assert result.code == 2
    assert "autolog runs --deleted" in result.err


@pytest.mark.usefixtures("in_terminal")
def test_a_terminal_is_asked_first(
    autolog: Command, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda prompt: "n")
    assert autolog("delete", *STORE, run_id(store, "plain")).code == 130
    assert len(store.search("name = 'plain'")) == 1
    assert autolog("delete", *STORE, "--yes", run_id(store, "plain")).code == 0
    assert store.search("name = 'plain'") == []


def test_gc_frees_what_was_deleted(autolog: Command, store: FolderStore) -> None:
    autolog("delete", *STORE, run_id(store, "plain"))
    before = size_of(Path("runs/iris"))
    assert "of 1 deleted run would be freed" in autolog("gc", *STORE, "--dry-run").out
    assert autolog("gc", *STORE, "--older-than", "1h").out == "0 B of 0 deleted runs freed\n"
    assert size_of(Path("runs/iris")) == before
    assert "of 1 deleted run freed" in autolog("gc", *STORE).out
    assert size_of(Path("runs/iris")) < before
    assert {run.name for run in store.search("parent IS NULL")} == {"search", "broken"}
    assert store.search("deleted = true") == []


@pytest.mark.slow
def test_gc_after_the_process_ended_takes_out_a_nested_run(autolog: Command) -> None:
    _elsewhere("from tests.cli import conftest; conftest._search(conftest.FolderStore('runs'))")
    store = FolderStore("runs")
    trial = run_id(store, "trial 3")
    _elsewhere(f"from autolog.cli import main; main(['delete', '--store', 'runs', '{trial}'])")
    assert "of 1 deleted run freed" in autolog("gc", *STORE).out
    assert trial not in "".join(file.read_text() for file in Path("runs").rglob("events-*"))
    assert len(store.search("parent IS NOT NULL")) == TRIALS - 1
    assert store.search("deleted = true") == []
    assert autolog("doctor", *STORE).code == 0


def _elsewhere(code: str) -> None:
    """In a process that has ended when this returns."""
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(root)}, check=True)


def test_doctor_says_what_is_wrong_and_mends_it(autolog: Command, store: FolderStore) -> None:
    assert autolog("doctor", *STORE).lines == [f"{store.uri} is sound"]
    _elsewhere("from autolog.store.folder import FolderStore; FolderStore('runs').create('iris', 'killed')")
    found = autolog("doctor", *STORE)
    assert found.code == 1
    assert "stale run" in found.out
    assert "--close-stale closes it" in found.out
    assert found.lines[-1] == f"1 problem in {store.uri}"
    assert autolog("doctor", *STORE, "--repair").code == 1
    assert autolog("doctor", *STORE, "--close-stale").code == 0
    assert autolog("doctor", *STORE).code == 0
    (run,) = store.search("name = 'killed'")
    assert run.status == "KILLED"


@pytest.mark.parametrize("command", ["doctor", "gc"])
@pytest.mark.parametrize("options", [(), ("--store", "autoruns")], ids=["configured", "named"])
def test_what_is_no_store_is_not_looked_after(
    autolog: Command, command: str, options: tuple[str, ...]
) -> None:
    missing = autolog(command, *options)
    assert (missing.code, missing.out) == (2, "")
    assert "there is no store in" in missing.err
    Path("autoruns").mkdir()
    Path("autoruns/notes.txt").write_text("mine")
    other = autolog(command, *options)
    assert (other.code, other.out) == (2, "")
    assert "is no store" in other.err
    assert os.listdir("autoruns") == ["notes.txt"]


def test_export_writes_all_runs_or_some_with_their_nested_ones(autolog: Command, store: FolderStore) -> None:
    assert autolog("export", *STORE, "--format", "jsonl", "-o", "all.jsonl").code == 0
    assert len(Path("all.jsonl").read_text().splitlines()) == 3 + TRIALS
    search = run_id(store, "search")
    assert autolog("export", *STORE, "--format", "jsonl", "-o", "some.jsonl", search, search).code == 0
    assert len(Path("some.jsonl").read_text().splitlines()) == 1 + TRIALS
    assert autolog("export", *STORE, "--format", "parquet", "-o", "folder").code == 0
    assert {path.name for path in Path("folder").iterdir()} >= {"runs.parquet", "metrics.parquet"}


@pytest.mark.usefixtures("store")
def test_export_does_not_overwrite_by_itself(autolog: Command) -> None:
    Path("out.jsonl").write_text("mine")
    command = ("export", *STORE, "--format", "jsonl", "-o", "out.jsonl")
    result = autolog(*command)
    assert result.code == 2
    assert "--overwrite" in result.err
    assert Path("out.jsonl").read_text() == "mine"
    assert autolog(*command, "--overwrite").code == 0


@pytest.mark.usefixtures("store")
def test_export_to_standard_output(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    from autolog.cli import main

    assert main(["export", *STORE, "--format", "jsonl", "-o", "-"]) == 0
    assert len([json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]) == 3 + TRIALS


@pytest.mark.usefixtures("store")
def test_parquet_without_pyarrow_says_what_to_install(
    autolog: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    result = autolog("export", *STORE, "--format", "parquet", "-o", "folder")
    assert result.code == 1
    assert "pip install 'autolog-ml[parquet]'" in result.err
    assert not Path("folder").exists()


def test_status_lists_the_frameworks(autolog: Command) -> None:
    result = autolog("status")
    assert result.code == 0
    row = next(line for line in result.lines if line.startswith("sklearn"))
    assert row.split()[1] == "on"
