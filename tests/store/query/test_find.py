"""Filters and orders on a few runs: which are found, in which order, at which cost."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

import pytest
import sqlalchemy as sa

from autolog.store.base import Input
from autolog.store.errors import ExperimentNotFound, FilterError
from autolog.store.query import find, load, nested_in
from autolog.store.query.language import MOST_COMPARISONS, MOST_VALUES
from tests.store.query.filled import index_of, run_data

DAY = 1793491200000  # 2026-11-01

RUNS = [
    run_data(
        "aaaa1111",
        name="Forest",
        params={"lr": 0.1, "solver": "adam", "shuffle": True, "depth": None},
        metrics={"acc": 0.9, "loss": math.nan},
        tags={"autolog.best": "true", "n": "10", "odd key": "ä"},
        inputs=[Input("train", "d1", "fit", {"rows": 3}), Input("test", "d2", "score", {})],
        start_time=DAY,
        end_time=DAY + 1500,
    ),
    run_data(
        "bbbb1111",
        name="forest",
        experiment="other",
        params={"lr": "1e-1", "solver": "sgd"},
        metrics={"acc": 0.5, "loss": math.inf},
        tags={"n": "9"},
        inputs=[Input("train", "d3", "fit", {})],
        start_time=DAY + 86_400_000,
        end_time=None,
        status="RUNNING",
        stale=True,
    ),
    run_data(
        "bbbb2222",
        name="50% [a]*?_",
        parent_id="aaaa1111",
        params={"lr": "auto"},
        metrics={"acc": -1.0, "loss": 0.0},
        status="FAILED",
        error="ValueError: no",
        start_time=DAY + 1,
        end_time=DAY + 2,
    ),
    run_data("cccc3333", name="Äpfel", parent_id="aaaa2222", start_time=None, end_time=None),
]
DELETED = "dddd4444"


@pytest.fixture(scope="module")
def connection() -> Iterator[sa.Connection]:
    with index_of([*RUNS, run_data(DELETED, parent_id="bbbb2222")], deleted=[DELETED]) as connection:
        yield connection


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        ("", "abBc"),
        ("metrics.acc > 0.4", "ab"),
        ("metrics.acc >= 0.9", "a"),
        ("metrics.acc != 0.9", "bB"),
        ("metrics.acc in (0.9, -1)", "aB"),
        ("not metrics.acc > 0.4", "Bc"),
        ("metrics.acc is null", "c"),
        ("metrics.acc is not null", "abB"),
        # NaN is neither less nor more than anything, and different from everything but nan
        ("metrics.loss < 0 or metrics.loss >= 0", "bB"),
        ("metrics.loss != 0", "ab"),
        ("metrics.loss not in (0, 1)", "ab"),
        ("metrics.loss = nan", "a"),
        ("metrics.loss != nan", "bB"),
        ("metrics.loss is null", "c"),
        ("metrics.loss = inf", "b"),
        # params: numbers with numbers, texts with texts
        ("params.lr = 0.1", "ab"),
        ("params.lr != 0.1", "B"),
        ("params.lr < 1", "ab"),
        ("params.lr = '0.1'", "a"),
        ("params.lr in (0.1, 'auto')", "abB"),
        ("params.lr not in (0.1, 'x')", "B"),
        ("params.lr in ('1e-1')", "b"),
        ("params.shuffle = true", "a"),
        ("params.shuffle = 'True'", "a"),
        ("params.shuffle != false", "a"),
        ("params.shuffle > 0", ""),
        ("params.depth = 'None'", "a"),
        ("params.lr > 'a'", "B"),
        ("tags.autolog.best = 'true'", "a"),
        ("tags.autolog.best = true", "a"),
        ("tags.n > 9", "a"),
        ("tags.n = 9", "b"),
        ("tags.`odd key` = 'ä'", "a"),
        ("datasets.name = 'test'", "a"),
        ("datasets.digest like 'd%'", "ab"),
        ("datasets.name != 'train'", "a"),
        ("not datasets.name = 'test'", "bBc"),
        ("datasets.name is null", "Bc"),
        ("name = 'forest'", "b"),
        ("name like 'F%'", "a"),
        ("name like 'F_rest'", "a"),
        ("name like 'orest'", ""),
        ("name ilike 'f%'", "ab"),
        ("name ilike 'äPF%'", "c"),
        ("name like '50\\% [a]*?_'", ""),
        ("name like '50% [a]*?_'", "B"),
        ("name like '%*_'", ""),
        ("name not like '%orest'", "Bc"),
        ("name =~ 'or.st$'", "ab"),
        ("name !~ '(?i)^f'", "Bc"),
        ("error =~ '^ValueError'", "B"),
        ("error !~ 'x'", "B"),
        ("not error =~ 'x'", "abBc"),
        ("error is null", "abc"),
        ("status = 'RUNNING' and stale = true", "b"),
        ("stale = false", "aBc"),
        ("stale != true", "aBc"),
        ("experiment = 'other'", "b"),
        ("run_id like 'bbbb%'", "bB"),
        ("start_time >= '2026-11-02'", "b"),
        ("start_time = '2026-11-01T00:00:00Z'", "a"),
        (f"start_time > {DAY}", "bB"),
        ("start_time is null", "c"),
        ("end_time is null", "bc"),
        ("duration = 1.5", "a"),
        ("not duration < 1", "abc"),
        ("parent is null", "ab"),
        ("parent = 'aaaa1111'", "B"),
        ("parent = 'aaaa'", "Bc"),
        ("parent != 'aaaa1'", "c"),
        ("parent in ('aaaa1111', 'x')", "B"),
        ("parent in ('aaaa')", ""),
        ("children = 1", "a"),
        ("children > 0 or parent is not null", "aBc"),
        ("children = 0", "bBc"),  # a deleted child does not count
        ("deleted = true", "d"),
        ("deleted = true or name = 'forest'", "bd"),
        ("(metrics.acc > 0.4 or params.lr = 'auto') and not name = 'forest'", "aB"),
        ("not (metrics.acc > 0.4 and not params.lr = '0.1')", "aBc"),
    ],
)
def test_filters(connection: sa.Connection, filter: str, found: str) -> None:
    letters = {"aaaa1111": "a", "bbbb1111": "b", "bbbb2222": "B", "cccc3333": "c", DELETED: "d"}
    assert "".join(sorted(letters[run.id] for run in find(connection, filter))) == "".join(sorted(found))


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ([], ["bbbb1111", "bbbb2222", "aaaa1111", "cccc3333"]),
        (["metrics.acc"], ["bbbb2222", "bbbb1111", "aaaa1111", "cccc3333"]),
        (["metrics.acc desc"], ["aaaa1111", "bbbb1111", "bbbb2222", "cccc3333"]),
        (["metrics.loss desc"], ["bbbb1111", "bbbb2222", "aaaa1111", "cccc3333"]),
        (["params.lr"], ["bbbb1111", "aaaa1111", "bbbb2222", "cccc3333"]),
        (["params.lr desc, name"], ["aaaa1111", "bbbb1111", "bbbb2222", "cccc3333"]),
        (["tags.n"], ["bbbb1111", "aaaa1111", "bbbb2222", "cccc3333"]),
        (["experiment desc", "start_time asc"], ["bbbb1111", "aaaa1111", "bbbb2222", "cccc3333"]),
        (["duration desc"], ["aaaa1111", "bbbb2222", "bbbb1111", "cccc3333"]),
        (["children desc", "run_id"], ["aaaa1111", "bbbb1111", "bbbb2222", "cccc3333"]),
    ],
)
def test_orders(connection: sa.Connection, order: Sequence[str], found: list[str]) -> None:
    assert [run.id for run in find(connection, order_by=order)] == found


def test_runs_that_tie_come_newest_first() -> None:
    with index_of([run_data(id) for id in ("b", "c", "a")]) as connection:
        assert [run.id for run in find(connection, order_by=["metrics.x"])] == ["a", "c", "b"]


def test_limit(connection: sa.Connection) -> None:
    assert [run.id for run in find(connection, limit=2)] == ["bbbb1111", "bbbb2222"]
    assert find(connection, limit=0) == []
    with pytest.raises(ValueError, match="-1"):
        find(connection, limit=-1)


def test_experiment(connection: sa.Connection) -> None:
    assert [run.id for run in find(connection, experiment="other")] == ["bbbb1111"]
    with pytest.raises(ExperimentNotFound, match="'none'"):
        find(connection, experiment="none")


def test_what_was_logged_comes_back(connection: sa.Connection) -> None:
    by_id = {run.id: run for run in find(connection)}
    for run in RUNS[1:]:
        assert by_id[run.id] == run
    first = by_id["aaaa1111"]
    assert math.isnan(first.metrics["loss"])
    assert first.params == RUNS[0].params
    assert sorted(data.name for data in first.inputs) == ["test", "train"]


def test_load_keeps_the_order(connection: sa.Connection) -> None:
    assert [run.id for run in load(connection, [3, 1, 99])] == ["bbbb2222", "aaaa1111"]
    assert load(connection, []) == []


def test_nested_in(connection: sa.Connection) -> None:
    assert [run.id for run in find(connection, nested_in("aaaa1111"))] == ["bbbb2222"]
    assert find(connection, nested_in("it's")) == []


def test_filter_must_be_text(connection: sa.Connection) -> None:
    with pytest.raises(TypeError, match="None"):
        find(connection, None)  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize("runs", [1, 2_000])
def test_the_number_of_statements_does_not_grow(runs: int) -> None:
    with index_of(
        [run_data(f"{i:04}", params={"a": i}, metrics={"b": i}) for i in range(runs)]
    ) as connection:
        statements: list[str] = []
        sa.event.listen(connection, "before_cursor_execute", lambda *event: statements.append(event[2]))
        found = find(connection, "metrics.b >= 0", experiment="e", order_by=["params.a"])
    assert [run.params["a"] for run in found] == list(range(runs))
    assert len(statements) == 6


@pytest.mark.parametrize(
    ("filter", "index"),
    [
        ("metrics.b > 1", "metrics_by_last"),
        ("params.a = 'x'", "params_by_text"),
        ("params.a < 3", "params_by_number"),
        ("tags.t = 'x'", "tags_by_value"),
        ("parent = 'abcd'", "runs_by_parent"),
    ],
)
def test_nothing_is_read_that_is_not_asked_for(connection: sa.Connection, filter: str, index: str) -> None:
    plans: list[str] = []

    def explain(_: object, cursor: object, statement: str, values: object, *__: object) -> None:
        raw = connection.connection.driver_connection
        assert raw is not None
        plans.extend(row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}", values))

    sa.event.listen(connection, "before_cursor_execute", explain)
    find(connection, filter)
    sa.event.remove(connection, "before_cursor_execute", explain)
    assert any(index in step for step in plans)
    assert not [step for step in plans if re.match("SCAN (metrics|params|tags|inputs)", step)]


# SQLite has limits: on the depth of expressions, its parser's stack and its variables.

LEAF = "(parent = 'aaaa' or tags.n in (1, 'x'))"
NESTS = [
    f"({LEAF} or metrics.acc > 5 and ",
    f"not ({LEAF} and not (metrics.acc > 5 or ",
    f"(not (metrics.acc > 5 or {LEAF} and ",
]


@pytest.mark.parametrize("nest", NESTS)
def test_as_deep_as_is_allowed(connection: sa.Connection, nest: str) -> None:
    open_ones = nest.count("(") - nest.count(")")
    with pytest.raises(FilterError, match="nest at most"):
        for depth in range(20):
            find(connection, nest * depth + LEAF + ")" * open_ones * depth)
    assert depth > 3


@pytest.mark.parametrize("word", [" and ", " or ", " and not "])
def test_as_long_as_is_allowed(connection: sa.Connection, word: str) -> None:
    kinds = [
        "metrics.k{} != 3",
        "params.k{} in (1, 'a')",
        "tags.k{} > 3",
        "parent = '{}'",
        "name ilike 'ä{}'",
    ]
    terms = [kind.format(number) for number in range(MOST_COMPARISONS // len(kinds)) for kind in kinds]
    assert len(terms) == MOST_COMPARISONS
    find(connection, word.join(terms))


def test_as_many_values_as_are_allowed(connection: sa.Connection) -> None:
    ids = ", ".join(f"'{i}'" for i in range(MOST_VALUES - 1))
    assert [run.id for run in find(connection, f"run_id in ({ids}, 'aaaa1111')")] == ["aaaa1111"]
