"""What a listing shows of each run."""

from __future__ import annotations

from typing import Any

import pytest

from autolog.cli.columns import Show, cell, chosen, split
from autolog.store.base import RunData

TERMINAL, PIPE = Show(now=200_000, terminal=True), Show(now=200_000, terminal=False)


def run(parent: str | None = None, **facts: Any) -> RunData:
    usual = {"id": "0123456789abcdef", "name": "fit", "experiment": "e", "status": "FINISHED", "stale": False}
    return RunData(
        **{**usual, "start_time": 20_000, "end_time": 30_000, "error": None, **facts}, parent_id=parent
    )


def text(run: RunData, column: str, show: Show = TERMINAL) -> str:
    return cell(run, split(column), show).text


def test_a_terminal_gets_short_cells_and_a_pipe_whole_ones() -> None:
    long = run(params={"p": "x" * 100})
    assert text(long, "id") == "01234567"
    assert text(long, "id", PIPE) == "0123456789abcdef"
    assert text(long, "params.p") == "x" * 39 + "…"
    assert text(long, "params.p", PIPE) == "x" * 100


def test_a_cell_is_one_line() -> None:
    assert text(run(params={"p": "a\nb"}), "params.p", PIPE) == "a b"


def test_stale_and_best_are_shown() -> None:
    assert text(run(status="RUNNING", stale=True), "status") == "stale"
    assert text(run(tags={"autolog.best": "true"}), "name") == "fit ★"


def test_a_running_run_lasts_until_now_and_a_stale_one_does_not() -> None:
    assert text(run(status="RUNNING", end_time=None), "duration") == "3 min 00 s"
    assert text(run(status="RUNNING", end_time=None, stale=True), "duration") == ""


def test_what_a_run_lacks_is_empty() -> None:
    assert text(run(), "metrics.acc") == text(run(), "params.C") == text(run(), "tags.t") == ""


@pytest.mark.parametrize("name", ["nothing", "metrics", "metrics.", "colour.red", ""])
def test_an_unknown_column_is_named_with_those_there_are(name: str) -> None:
    with pytest.raises(ValueError, match=r"there are id, name, status.*metrics\.KEY"):
        split(name)


def test_keys_may_hold_dots() -> None:
    assert split("params.a.b") == ("params", "a.b")
    assert split("metric.x") == ("metrics", "x")


def test_results_are_chosen_those_on_new_data_first() -> None:
    keys = ("fit_time", "std_test_score", "training_score", "test_score", "mean_test_score")
    metrics = dict.fromkeys(keys, 1.0)
    rows = [run(metrics={**metrics, "rare": 1.0}), *([run(metrics=metrics)] * 4)]
    assert [key for _, key in chosen(rows)] == ["mean_test_score", "training_score"]


def test_times_are_chosen_when_there_is_nothing_else() -> None:
    assert chosen([run(metrics={"fit_time": 1.0})]) == [("metrics", "fit_time")]


def test_only_params_that_differ_are_chosen() -> None:
    rows = [run(params={"C": c, "tol": 1e-4, "C2": "1"}) for c in (1, 2)]
    assert chosen(rows) == [("params", "C")]


def test_technical_params_come_last() -> None:
    rows = [run(params={"n_jobs": n, "verbose": n, "svc__random_state": n}) for n in (1, 2, 3)]
    rows[0].params["C"] = 1
    rows[1].params["C"] = 2
    assert chosen(rows)[0] == ("params", "C")


def test_parents_and_nested_runs_both_have_their_say() -> None:
    parents = [run(metrics={"best_score": 1.0, "a_score": 1.0})]
    trials = [run("p", metrics={"mean_test_score": 1.0, "loss": 1.0})] * 50
    keys = [key for _, key in chosen([*parents, *trials])]
    assert set(keys) == {"a_score", "best_score", "loss", "mean_test_score"}
