"""`autolog runs` on a real store."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from autolog.store.folder import FolderStore

from .conftest import BEST, MODEL, TRIALS, Command, run_id

RUNS = ("runs", "--store", "runs")


def names(lines: list[str]) -> list[str]:
    """The name column of a table whose only columns are id and name."""
    return [line.split("  ", 1)[1].strip() for line in lines[1:]]


@pytest.mark.usefixtures("store")
class TestPipe:
    def test_the_runs_at_the_top_the_newest_first(self, autolog: Command) -> None:
        result = autolog(*RUNS, "--columns", "id,name")
        assert (result.code, result.err) == (0, "")
        assert names(result.lines) == ["broken", "plain", "search"]

    def test_a_filter_finds_nested_runs(self, autolog: Command) -> None:
        result = autolog(*RUNS, "metrics.mean_test_score > 0.27", "--columns", "id,name")
        assert set(names(result.lines)) == {"trial 29", "trial 28"}

    def test_a_tree_is_whole_in_a_pipe(self, autolog: Command) -> None:
        lines = autolog(*RUNS, "--tree", "--experiment", "iris").lines
        assert len(lines) == 1 + 2 + TRIALS
        assert sum("★" in line for line in lines) == 1
        assert f"└─ trial {TRIALS - 1} " in lines[-1]

    def test_a_filtered_tree_has_what_stands_above(self, autolog: Command) -> None:
        result = autolog(*RUNS, "params.C = 3", "--tree", "--columns", "id,name")
        assert names(result.lines) == ["search", "└─ trial 3"]

    def test_a_tree_keeps_the_order_asked_for(self, autolog: Command) -> None:
        order = ("--order-by", "metrics.mean_test_score desc", "--columns", "id,name")
        tree = names(autolog(*RUNS, "--tree", "--experiment", "iris", *order).lines)
        assert [name[3:] for name in tree if "trial" in name][:2] == ["trial 29", "trial 28"]

    def test_the_columns_tell_the_runs_apart(self, autolog: Command) -> None:
        header = autolog(*RUNS, "params.C >= 0").lines[0].split()
        assert header[5:] == ["mean_test_score", "C"]

    def test_limit(self, autolog: Command) -> None:
        assert len(autolog(*RUNS, "--limit", "2").lines) == 3

    def test_nothing_matches(self, autolog: Command) -> None:
        result = autolog(*RUNS, "metrics.acc > 2")
        assert result.code == 0
        assert result.out.startswith("no runs in ")

    def test_json(self, autolog: Command) -> None:
        (plain,) = json.loads(autolog(*RUNS, "name = 'plain'", "--format", "json").out)
        assert plain["metrics"] == {"loss": "NaN"}
        assert plain["params"]["depth"] is None
        assert plain["inputs"][0]["facts"]["shape"] == [150, 4]

    def test_csv_has_a_column_for_everything(self, autolog: Command) -> None:
        rows = list(csv.DictReader(io.StringIO(autolog(*RUNS, "--tree", "--format", "csv").out)))
        assert len(rows) == 3 + TRIALS
        assert {"run_id", "start_time", "metrics.loss", "params.C", "tags.autolog.trial"} <= set(rows[0])
        assert [row["params.C"] for row in rows if row["name"] == "trial 7"] == ["7"]

    def test_csv_of_chosen_columns(self, autolog: Command) -> None:
        chosen = ("--columns", "name,params.C", "--order-by", "params.C", "--format", "csv")
        assert autolog(*RUNS, "params.C < 2", *chosen).out == "name,params.C\ntrial 0,0\ntrial 1,1\n"


@pytest.mark.usefixtures("store", "in_terminal")
class TestTerminal:
    def test_a_long_tree_is_shortened_to_its_beginning_and_its_best(self, autolog: Command) -> None:
        out = autolog(*RUNS, "--tree").out
        assert f"… {TRIALS - 11} more trials" in out
        assert f"trial {BEST} ★" in out

    def test_all_shortens_nothing(self, autolog: Command) -> None:
        assert len(autolog(*RUNS, "--tree", "--all").lines) == 1 + 3 + TRIALS

    def test_no_line_is_wider_than_the_terminal(self, autolog: Command) -> None:
        assert max(map(len, autolog(*RUNS, "--tree").lines)) <= 100

    def test_times_are_told_from_now(self, autolog: Command) -> None:
        assert "just now" in autolog(*RUNS).out

    def test_a_long_list_says_that_there_is_more(
        self, autolog: Command, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("autolog.cli.runs.PAGE", 2)
        result = autolog(*RUNS)
        assert len(result.lines) == 1 + 2 + 1
        assert "--all shows more" in result.lines[-1]
        assert "more" not in autolog(*RUNS, "--limit", "2").out


class TestShow:
    def test_everything_about_a_run(self, autolog: Command, store: FolderStore) -> None:
        result = autolog("show", "--store", "runs", run_id(store, "plain"))
        words = " ".join(result.out.split())
        assert result.code == 0
        assert result.lines[0] == "plain"
        assert "depth null" in words
        assert "note " + "long " * 40 in words + " "
        assert "loss nan 2 100 99 █" in words  # last, lowest, highest, points
        assert "train training d1 ndarray 150 × 4" in words
        assert "cpus 2" in words
        assert "notes/ 5 B a.txt 5 B" in words
        assert f"best/model sklearn models:/{MODEL} note the output is unknown" in words
        assert any(Path(line.removeprefix("artifacts in "), "notes/a.txt").is_file() for line in result.lines)

    def test_a_search_sums_up_its_trials(self, autolog: Command, store: FolderStore) -> None:
        out = autolog("show", "--store", "runs", run_id(store, "search")).out
        assert "30 nested runs: 30 finished" in out
        assert out.index("trial 20 ★") < out.index("trial 0 ")
        assert "team" in out
        assert "git.commit" in out

    def test_the_error_of_a_failed_run_is_shown_as_it_is(self, autolog: Command, store: FolderStore) -> None:
        assert "ValueError: no [red]x[/red]" in autolog("show", "--store", "runs", "last").out

    @pytest.mark.usefixtures("in_terminal")
    def test_in_a_terminal(self, autolog: Command, store: FolderStore) -> None:
        out = autolog("show", "--store", "runs", run_id(store, "search")[:6]).out
        assert "all of them: autolog runs --tree --all" in out


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("runs", "metrics.acc >"), "^"),
        (("runs", "colour = 'red'"), "colour"),
        (("runs", "--order-by", "nothing"), "nothing"),
        (("runs", "--columns", "colour"), "there is no column 'colour'"),
        (("runs", "--limit", "0"), "--limit"),
        (("runs", "--frobnicate"), "--frobnicate"),
        (("runs", "--experiment", "mars"), "mars"),
        (("show", "ffffffff"), "ffffffff"),
        (("show",), "Missing argument"),
        (("delete", "ffffffff"), "ffffffff"),
        (("restore", "ffffffff"), "ffffffff"),
        (("export", "ffffffff", "--format", "jsonl", "-o", "x"), "ffffffff"),
        (("export", "--format", "xml", "-o", "x"), "'xml'"),
        (("gc", "--older-than", "soon"), "'soon'"),
    ],
)
@pytest.mark.usefixtures("store")
def test_wrong_use(autolog: Command, arguments: tuple[str, ...], what: str) -> None:
    command, *rest = arguments
    result = autolog(command, "--store", "runs", *rest)
    assert result.code == 2
    assert result.out == ""
    assert result.err.startswith("autolog: ")
    assert what in result.err


@pytest.mark.parametrize("command", ["runs", "show last", "doctor", "gc", "export --format jsonl -o x"])
def test_a_store_that_is_none(autolog: Command, command: str) -> None:
    result = autolog(*command.split(), "--store", "missing")
    assert result.code == 2
    assert "missing" in result.err


def test_an_unknown_command(autolog: Command) -> None:
    assert autolog("frobnicate").code == 2
    assert autolog("--frobnicate").code == 2
