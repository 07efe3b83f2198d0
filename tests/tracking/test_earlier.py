"""Values that are written later than they were measured, and being told what is logged."""

from __future__ import annotations

import math
from pathlib import Path

import autolog
from autolog.store import log
from autolog.tracking import api


def test_points_have_their_own_times_and_steps() -> None:
    with autolog.run("mine", experiment="e") as run:
        run.log_points([("loss", 0.5, 3, 1_700_000_000_000), ("loss", math.nan, 4, 1_700_000_000_001)])
    (found,) = autolog.search_runs()
    history = found.history("loss")
    assert list(history.step) == [3, 4]
    assert list(history.time) == [1_700_000_000_000, 1_700_000_000_001]
    assert history.value[0] == 0.5
    assert math.isnan(history.value[1])


def test_a_resumed_run_begins_after_its_last_step() -> None:
    with autolog.run("mine") as first:
        assert first.next_step("loss") == 0
        first.log_points([("loss", 0.5, 0, 1), ("loss", 0.4, 1, 2)])
    with autolog.run(resume=first.id) as again:
        assert again.next_step("loss") == 2


def test_whoever_asks_is_told_of_every_metric() -> None:
    told: list[tuple[str, float]] = []
    with autolog.run("mine") as run:
        run.when_logged(lambda name, value: told.append((name, value)))
        run.log_metric("a", 1.0)
        run.log_metrics({"b": 2, "c": math.inf})
        run.log_points([("d", 4.0, 0, 1)])
    assert told == [("a", 1.0), ("b", 2.0), ("c", math.inf), ("d", 4.0)]
    assert autolog.search_runs()[0].metrics == {"a": 1.0, "b": 2.0, "c": math.inf, "d": 4.0}


def test_what_is_gathered_is_written_before_it_is_read() -> None:
    with autolog.run("mine") as run:
        gathered = [("loss", 0.5, 0, 1)]

        def write() -> None:
            run.log_points([gathered.pop() for _ in list(gathered)])

        log.write_before_reading(write)
        try:
            assert list(autolog.search_runs()[0].history("loss").value) == [0.5]
        finally:
            log._late.remove(write)


def test_a_run_that_is_under_way_takes_what_is_logged_with_none_open(tmp_path: Path) -> None:
    with autolog.run("training") as training:
        pass
    api.ask_for_a_run(lambda: training)
    try:
        autolog.log_metric("a", 1.0)
        autolog.set_tag("b", "2")
        with autolog.run("mine"):
            autolog.log_metric("a", 5.0)
    finally:
        api._asked.pop()
    mine, found = autolog.search_runs()
    assert (found.metrics, found.tags["b"]) == ({"a": 1.0}, "2")
    assert mine.metrics == {"a": 5.0}
