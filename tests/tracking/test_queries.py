"""The public functions that read: which store they ask, and what they say when there is none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import autolog
from autolog.store.errors import ExperimentNotFound, NotAStore, RunNotFound
from autolog.store.runs import Runs


def record(name: str, **metrics: float) -> str:
    with autolog.run(name) as run:
        run.log_metrics(metrics)
    return run.id


def test_what_is_recorded_is_found() -> None:
    id = record("one", acc=0.5)
    record("two", acc=0.7)
    runs = autolog.search_runs("metrics.acc > 0.6")
    assert isinstance(runs, Runs)
    assert [run.name for run in runs] == ["two"]
    assert [run.name for run in autolog.search_runs(order_by="metrics.acc", limit=1)] == ["one"]
    assert autolog.get_run(id).name == autolog.get_run(id[:8]).name == "one"


def test_the_store_that_is_recorded_to_is_read(tmp_path: Path) -> None:
    autolog.enable(store=tmp_path / "mine")
    record("one")
    assert [run.name for run in autolog.search_runs()] == ["one"]
    assert autolog.open_store().uri == str(tmp_path / "mine")


@pytest.mark.parametrize("form", [str, Path, lambda path: f"file://{path}", autolog.open_store])
def test_a_store_can_be_named(tmp_path: Path, form: object) -> None:
    record("one")
    assert callable(form)
    assert len(autolog.search_runs(store=form(tmp_path / "autoruns"))) == 1


def test_a_store_that_is_not_there_yet() -> None:
    assert autolog.search_runs() == []
    with pytest.raises(KeyError, match="no run 'abcd' in .*autoruns"):
        autolog.get_run("abcd")
    assert not Path("autoruns").exists()


@pytest.mark.parametrize(
    ("read", "error"),
    [
        (lambda: autolog.search_runs(store="nowhere"), NotAStore),
        (lambda: autolog.get_run("abcd", store="nowhere"), NotAStore),
        (lambda: autolog.open_store("nowhere"), NotAStore),
        (lambda: autolog.search_runs("acc > 1"), ValueError),
        (lambda: autolog.search_runs(experiment="none"), ExperimentNotFound),
        (lambda: autolog.search_runs(limit=-1), ValueError),
        (lambda: autolog.search_runs(store=3), TypeError),  # type: ignore[arg-type]
        (lambda: autolog.buckets(["abcd"], "acc", 3), RunNotFound),
    ],
)
def test_errors(read: object, error: type[Exception]) -> None:
    record("one")
    assert callable(read)
    with pytest.raises(error):
        read()


def test_buckets_take_runs_and_ids() -> None:
    ids = [record("one", acc=0.5), record("two", acc=0.7)]
    runs = autolog.search_runs(order_by="start_time")
    by_run = autolog.buckets(runs, "acc", 1)
    by_id = autolog.buckets([run.id for run in runs], "acc", 1)
    assert [series.id for series in by_run.series] == [series.id for series in by_id.series]
    assert sorted(series.id for series in by_run.series) == sorted(ids)
    assert [list(series.high) for series in autolog.buckets(ids[0], "acc", 1).series] == [[0.5]]
    assert len(autolog.buckets(runs[0], "acc", 4).edges) == 5


def test_buckets_are_of_one_store(tmp_path: Path) -> None:
    record("one", acc=0.5)
    autolog.enable(store=tmp_path / "other")
    record("two", acc=0.5)
    runs = [*autolog.search_runs(), *autolog.search_runs(store="autoruns")]
    with pytest.raises(ValueError, match="several stores"):
        autolog.buckets(runs, "acc", 1)


@pytest.mark.slow
def test_listing_runs_loads_no_parser() -> None:
    record("one")
    code = "import sys, autolog; assert len(autolog.search_runs()) == 1; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"lark", "pandas", "numpy", "sklearn"} & set(loaded.split())
