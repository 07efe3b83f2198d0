"""Runs as users read them, from a folder."""

from __future__ import annotations

import dataclasses
import math
import sys
from array import array
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from autolog.store.base import RunData
from autolog.store.events import End, Input, Params, Tags
from autolog.store.folder import FolderStore
from autolog.store.points import Points
from autolog.store.runs import Run, Runs

MINUTE = 60_000


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """A search with two trials, the second of which failed, and a run with nothing in it."""
    store = FolderStore(tmp_path / "runs")
    search = store.create("iris", "GridSearchCV")
    search.write(
        Params(0, 0, params={"cv": 3, "scoring": None, "refit": True}), Tags(0, 0, tags={"who": "<me>"})
    )
    search.write(Input(0, 0, name="train", digest="d1", context="fit", facts={"shape": [150, 4]}))
    for number in range(2):
        trial = search.child(f"trial {number}")
        trial.write(Params(0, 0, params={"C": 10.0**number}))
        for fold in range(3):
            trial.point("score", fold, MINUTE, number + fold / 10)
        error = "ValueError: no & never" if number else None
        trial.write(End(0, 0, status="FAILED" if number else "FINISHED", error=error))
    with search.artifact("notes/why.txt") as path:
        path.write_text("because")
    search.point("best", 0, MINUTE, "NaN")
    search.write(End(0, 2 * MINUTE, status="FINISHED"))
    store.create("other", "empty")
    return store


@pytest.fixture
def find(store: FolderStore) -> Callable[[str], Runs]:
    return lambda filter: Runs(Run.of(data, store) for data in store.search(filter))


@pytest.fixture
def search(find: Callable[[str], Runs]) -> Run:
    (run,) = find("name = 'GridSearchCV'")
    return run


def test_a_run_says_what_was_logged(search: Run, store: FolderStore) -> None:
    assert (search.name, search.experiment, search.status) == ("GridSearchCV", "iris", "FINISHED")
    assert (search.parent_id, search.error, search.stale) == (None, None, False)
    assert search.params == {"cv": 3, "scoring": None, "refit": True}
    assert search.tags == {"who": "<me>"}
    assert math.isnan(search.metrics["best"])
    assert [(data.name, data.facts) for data in search.inputs] == [("train", {"shape": [150, 4]})]
    assert search.store is store


def test_times_are_aware() -> None:
    data = RunData("a", "a", "e", "FINISHED", False, None, 1_500, 61_500, None)
    run = Run.of(data, FolderStore("nowhere"))
    assert run.start_time == datetime(1970, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC)
    assert run.duration == 60.0
    assert Run.of(dataclasses.replace(data, end_time=None), run.store).duration is None


def test_children_come_oldest_first(search: Run, find: Callable[[str], Runs]) -> None:
    children = search.children()
    assert isinstance(children, Runs)
    assert {child.name for child in children} == {"trial 0", "trial 1"}
    assert [child.start_time for child in children] == sorted(child.start_time for child in children)  # type: ignore[type-var]
    assert {child.parent_id for child in children} == {search.id}
    assert not children[0].children()


def test_history(search: Run) -> None:
    (trial,) = (child for child in search.children() if child.name == "trial 1")
    assert list(trial.history("score").value) == [1.0, 1.1, 1.2]
    assert trial.metrics == {"score": 1.2}
    assert len(trial.history("none")) == 0


def test_artifacts(search: Run) -> None:
    assert list(search.artifacts()) == ["notes/why.txt"]
    assert search.artifacts().path("notes/why.txt").read_text() == "because"


def test_error(find: Callable[[str], Runs]) -> None:
    (failed,) = find("status = 'FAILED'")
    assert failed.error == "ValueError: no & never"


def test_the_same_run_is_equal(search: Run, find: Callable[[str], Runs]) -> None:
    again = find("")
    assert search in again
    assert len({*again, search}) == len(again) == 4
    assert search != search.id


def test_a_run_does_not_change(search: Run) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        search.status = "FAILED"  # type: ignore[misc]


def test_a_run_shows_itself(search: Run) -> None:
    assert repr(search).startswith(f"<Run {search.id} 'GridSearchCV' of 'iris': FINISHED")
    html = search._repr_html_()
    assert search.id in html
    assert "params.cv" in html
    (failed,) = (child for child in search.children() if child.error)
    assert "no &amp; never" in failed._repr_html_()


def test_a_list_of_runs_shows_itself(find: Callable[[str], Runs]) -> None:
    html = find("")._repr_html_()
    assert html.count("<tr>") == 5
    assert "<td>1.2</td>" in html
    assert "<td>nan</td>" in html
    assert "and 60 more" in Runs([*find("")[:1]] * 90)._repr_html_()
    assert Runs()._repr_html_().count("<tr>") == 1


def test_a_slice_is_a_list_of_runs(find: Callable[[str], Runs]) -> None:
    runs = find("")
    assert isinstance(runs[:2], Runs)
    assert runs[:2] == [runs[0], runs[1]]


def test_to_pandas(find: Callable[[str], Runs]) -> None:
    runs = find("experiment = 'iris'")
    table = runs.to_pandas()
    assert list(table.columns) == [
        "run_id", "name", "experiment", "status", "parent_id", "start_time", "end_time",
        "params.C", "params.cv", "params.refit", "params.scoring",
        "metrics.best", "metrics.score", "tags.who",
    ]  # fmt: skip
    assert list(table["run_id"]) == [run.id for run in runs]
    by_name = table.set_index("name")
    assert by_name.loc["trial 1", "params.C"] == 10.0
    assert by_name.loc["trial 1", "metrics.score"] == 1.2
    assert by_name["metrics.score"].isna().sum() == 1
    assert by_name.loc["GridSearchCV", "params.refit"] is True
    assert str(table["start_time"].dtype) == "datetime64[ms, UTC]"
    assert by_name.loc["GridSearchCV", "end_time"] == pd.Timestamp("1970-01-01 00:02", tz="UTC")


def test_to_pandas_of_nothing() -> None:
    table = Runs().to_pandas()
    assert table.shape == (0, 7)
    assert str(table["end_time"].dtype) == "datetime64[ms, UTC]"


def test_to_pandas_without_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"autolog-ml\[pandas\]"):
        Runs().to_pandas()


def test_a_long_history_is_shown_in_short() -> None:
    points = Points(array("q", range(1000)), array("q", range(1000)), array("d", [0.5] * 1000))
    assert repr(points) == "<1,000 points, by step: 0: 0.5, 1: 0.5, 2: 0.5, 3: 0.5, 4: 0.5, …>"
    assert repr(points[:1]) == "<1 points, by step: 0: 0.5>"
