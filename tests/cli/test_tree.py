"""Runs below their parents."""

from __future__ import annotations

import random
import sys
from dataclasses import replace

from autolog.cli.tree import Branch, More, branches, in_trial_order
from autolog.store.base import RunData


def run(id: str, parent: str | None = None, **tags: str) -> RunData:
    tags = {f"autolog.{key}": value for key, value in tags.items()}
    return RunData(id, id, "e", "FINISHED", False, parent, 0, 1, None, tags=tags)


def drawn(runs: list[RunData], longest: int | None = None) -> list[str]:
    return [
        line.guide + (line.run.id if isinstance(line, Branch) else f"{line.count} {line.noun}")
        for line in branches(runs, longest=longest)
    ]


def test_nested_runs_stand_below_their_parents() -> None:
    runs = [run("a"), run("b"), run("a1", "a"), run("a2", "a"), run("a11", "a1"), run("a21", "a2")]
    assert drawn(runs) == ["a", "├─ a1", "│  └─ a11", "└─ a2", "   └─ a21", "b"]


def test_a_run_whose_parent_is_missing_stands_at_the_top() -> None:
    assert drawn([run("x", "lost")]) == ["x"]


def test_a_long_family_is_shortened_but_never_without_the_best() -> None:
    trials = [run(f"t{n}", "s", trial=str(n), **({"best": "true"} if n == 70 else {})) for n in range(100)]
    lines = drawn([run("s"), *trials], longest=3)
    assert lines == ["s", "├─ t0", "├─ t1", "├─ t2", "├─ t70", "└─ 96 trial"]


def test_nothing_is_shortened_to_hide_one_run() -> None:
    runs = [run("s"), *(run(f"t{n}", "s") for n in range(4))]
    assert len(drawn(runs, longest=3)) == 5


def test_every_run_is_there_once_without_shortening() -> None:
    rng = random.Random(1)
    runs = [run("0")] + [run(str(n), str(rng.randrange(n))) for n in range(1, 500)]
    shown = [line.run.id for line in branches(runs) if isinstance(line, Branch)]
    assert sorted(shown, key=int) == [str(n) for n in range(500)]
    assert not any(isinstance(line, More) for line in branches(runs))


def test_any_depth() -> None:
    depth = sys.getrecursionlimit() * 2
    runs = [run("0")] + [run(str(n), str(n - 1)) for n in range(1, depth)]
    assert sum(1 for _ in branches(runs)) == depth


def test_trials_stand_in_the_order_of_their_numbers() -> None:
    trials = [run(str(n), "s", trial=str(n)) for n in (10, 9, 100, 0)]
    assert [trial.id for trial in in_trial_order(trials)] == ["0", "9", "10", "100"]


def test_trials_beside_other_runs_stay_together_where_the_first_began() -> None:
    mixed = [
        started("before", 1), started("t1", 3, "1"), started("t0", 4, "0"), started("after", 5),
        started("t2", 6, "2"),
    ]  # fmt: skip
    assert [run.id for run in in_trial_order(mixed)] == ["before", "t0", "t1", "t2", "after"]


def started(id: str, time: int, trial: str | None = None) -> RunData:
    tags = {} if trial is None else {"trial": trial}
    return replace(run(id, "s", **tags), start_time=time)
