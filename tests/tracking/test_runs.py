"""Logging by hand: what is kept, and what a mistake says."""

from __future__ import annotations

import asyncio
import json
import math
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import autolog


def only_run() -> autolog.store.runs.Run:  # type: ignore[name-defined]
    (run,) = autolog.search_runs()
    return run


def test_everything_logged_is_read_back() -> None:
    with autolog.run("mine", params={"lr": 0.1}, tags={"team": "a"}) as run:
        assert autolog.active_run() is run
        autolog.log_params({"depth": 3, "name": "x", "on": True, "none": None})
        autolog.log_metric("loss", 0.5, step=10)
        autolog.log_metrics({"loss": 0.25, "acc": 1}, step=11)
        autolog.set_tag("note", 7)
        autolog.log_text("hello", "notes/a.txt")
        autolog.log_dict({"a": [1, math.nan]}, "a.json")
        autolog.log_table({"x": [1, 2], "y": ["a", "b"]}, "table.json")
    assert autolog.active_run() is None
    read = only_run()
    assert (read.id, read.name, read.status) == (run.id, "mine", "FINISHED")
    assert (read.error, read.parent_id) == (None, None)
    assert read.params == {"lr": 0.1, "depth": 3, "name": "x", "on": True, "none": None}
    assert read.metrics == {"loss": 0.25, "acc": 1.0}
    assert list(read.history("loss").step) == [10, 11] and list(read.history("loss").value) == [0.5, 0.25]
    assert {"team": "a", "note": "7"}.items() <= read.tags.items()
    files = read.artifacts()
    assert {"notes/a.txt", "a.json", "table.json"} <= set(files)
    assert files.path("notes/a.txt").read_text() == "hello"
    assert json.loads(files.path("a.json").read_text()) == {"a": [1, "NaN"]}
    table = json.loads(files.path("table.json").read_text())
    assert table == {"columns": ["x", "y"], "data": [[1, "a"], [2, "b"]]}
    assert abs(read.start_time - datetime.now(UTC)) < timedelta(minutes=1)
    assert read.end_time >= read.start_time


def test_steps_go_on_by_themselves() -> None:
    with autolog.run():
        for value in (5.0, 4.0, 3.0):
            autolog.log_metric("loss", value)
            autolog.log_metrics({"a": value})
    assert list(only_run().history("loss").step) == [0, 1, 2]
    assert list(only_run().history("a").step) == [0, 1, 2]


def test_no_value_and_no_order_of_steps_is_refused() -> None:
    values = [1.0, math.nan, math.inf, -math.inf, 1e-320, 2]
    with autolog.run():
        for step, value in zip([5, 5, 3, -1, 2**62, 0], values, strict=True):
            autolog.log_metric("odd", value, step=step)
    history = only_run().history("odd")
    assert list(history.step) == [5, 5, 3, -1, 2**62, 0]
    assert [repr(v) for v in history.value] == [repr(float(v)) for v in values]


@pytest.mark.parametrize("value", ["high", None, [1, 2], object(), b"1", "1.5"])
def test_a_metric_that_is_no_number_names_its_key(value: object) -> None:
    with autolog.run():
        with pytest.raises(TypeError, match="'acc'"):
            autolog.log_metric("acc", value)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="'acc'"):
            autolog.log_metrics({"acc": value})  # type: ignore[dict-item]
        autolog.log_metric("acc", 0.5)
    assert only_run().metrics == {"acc": 0.5}


@pytest.mark.parametrize("step", ["1", 1.5, math.nan, 2**63])
def test_a_step_that_is_no_whole_number_names_its_metric(step: object) -> None:
    with autolog.run(), pytest.raises(TypeError, match="'acc'"):
        autolog.log_metric("acc", 1.0, step=step)  # type: ignore[arg-type]


@pytest.mark.parametrize("key", ["", 3, None, "\ud800"])
def test_a_name_that_is_none_is_refused(key: object) -> None:
    with autolog.run():
        for log in (autolog.log_metric, autolog.log_param, autolog.set_tag):
            with pytest.raises((TypeError, ValueError), match="name"):
                log(key, 1.0)  # type: ignore[operator]


@pytest.mark.parametrize("key", ["a/b", "métrique", "x" * 5000, "a b\n\t\"'`", "..", "🙂", "metrics.x", " "])
def test_any_text_is_a_name(key: str) -> None:
    with autolog.run():
        autolog.log_metric(key, 1.0)
        autolog.log_param(key, "v" * 100_000)
        autolog.set_tag(key, "t")
    read = only_run()
    assert read.metrics[key] == 1.0 and len(str(read.params[key])) == 100_000 and read.tags[key] == "t"


def test_runs_nest_to_any_depth() -> None:
    with autolog.run("0") as top:
        parent = top
        for depth in range(1, 6):
            parent = parent.child(str(depth))
        with autolog.run("in") as inner:
            assert inner.parent is top
    runs = {run.name: run for run in autolog.search_runs()}
    assert runs["0"].parent_id is None and runs["in"].parent_id == top.id
    for depth in range(1, 6):
        assert runs[str(depth)].parent_id == runs[str(depth - 1)].id
    assert [child.name for child in runs["3"].children()] == ["4"]


def test_as_a_decorator_each_call_is_a_run() -> None:
    @autolog.run(tags={"kind": "job"})
    def job(x: int) -> int:
        """Work."""
        autolog.log_metric("x", x)
        return x + 1

    assert (job(1), job(2), job.__name__, job.__doc__) == (2, 3, "job", "Work.")
    assert sorted(run.metrics["x"] for run in autolog.search_runs("attributes.name = 'job'")) == [1, 2]


def test_asyncio_tasks_have_runs_of_their_own() -> None:
    @autolog.run()
    async def task(number: int) -> None:
        autolog.log_metric("number", number)
        await asyncio.sleep(0)
        autolog.log_metric("number", number)

    async def main() -> None:
        await asyncio.gather(*(task(number) for number in range(5)))

    asyncio.run(main())
    histories = sorted(list(run.history("number").value) for run in autolog.search_runs())
    assert histories == [[float(n), float(n)] for n in range(5)]


def test_threads_have_runs_of_their_own() -> None:
    def work(number: int) -> None:
        with autolog.run(f"thread {number}"):
            for step in range(50):
                autolog.log_metric("number", number, step=step)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    runs = autolog.search_runs()
    assert sorted(run.name for run in runs) == [f"thread {n}" for n in range(8)]
    for run in runs:
        assert set(run.history("number").value) == {float(run.name[-1])} and len(run.history("number")) == 50


def test_a_failing_block_is_a_failed_run() -> None:
    error = ValueError("bad data")
    with pytest.raises(ValueError, match="bad data") as raised, autolog.run():
        raise error
    assert raised.value is error
    read = only_run()
    assert (read.status, read.error) == ("FAILED", "ValueError: bad data")
    assert "raise error" in read.artifacts().path("traceback.txt").read_text()


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (KeyboardInterrupt(), "KILLED"),
        (SystemExit(0), "FINISHED"),
        (SystemExit(), "FINISHED"),
        (SystemExit(2), "FAILED"),
    ],
)
def test_other_ways_out_of_a_block(error: BaseException, status: str) -> None:
    with pytest.raises(type(error)), autolog.run():
        raise error
    assert only_run().status == status


def test_resuming_goes_on_with_the_same_run() -> None:
    with pytest.raises(RuntimeError), autolog.run("train") as first:
        for step in range(8):
            autolog.log_metric("loss", 1.0 / (step + 1), step=step)
        autolog.log_metric("counted", 1)
        raise RuntimeError("power cut")
    with autolog.run(resume=first.id) as again:
        assert again.id == first.id and autolog.get_run(first.id).status == "RUNNING"
        for step in range(5, 10):  # from the last checkpoint
            autolog.log_metric("loss", -float(step), step=step)
        autolog.log_metric("counted", 2)
    read = only_run()
    assert (read.status, read.error) == ("FINISHED", None)
    assert list(read.history("loss").step) == list(range(10))
    before, after = [1 / (step + 1) for step in range(5)], [-float(step) for step in range(5, 10)]
    assert list(read.history("loss").value) == before + after
    assert list(read.history("counted").step) == [0, 1]


def test_a_parent_that_is_not_open_here() -> None:
    with autolog.run("top") as top:
        pass
    with autolog.run("late", parent=top.id):
        autolog.log_metric("x", 1)
    assert [child.name for child in autolog.get_run(top.id).children()] == ["late"]


def test_unknown_runs_are_named() -> None:
    with autolog.run():
        pass
    for option in ("resume", "parent"):
        with pytest.raises(KeyError, match="ffff0000"), autolog.run(**{option: "ffff0000"}):  # type: ignore[arg-type]
            pass
    with pytest.raises(KeyError, match="ffff0000"):
        autolog.get_run("ffff0000")


def test_bad_arguments_say_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="fits must be 'auto' or 'nested', not 'often'"):
        autolog.run(fits="often")
    with autolog.run():
        with pytest.raises(FileNotFoundError, match="no_such_file"):
            autolog.log_artifact("no_such_file")
        for path in ("../out.txt", "/etc/x", "a/../../b", "", "a\\b", "C:/x", "a\0b"):
            with pytest.raises(ValueError, match="artifact path"):
                autolog.log_text("x", path)
        with pytest.raises(TypeError, match="figure"):
            autolog.log_figure(3, "a.png")
        with pytest.raises(TypeError, match="table"):
            autolog.log_table(3, "a.json")
        with pytest.raises(ValueError, match="one length"):
            autolog.log_table({"a": [1], "b": []}, "a.json")
    assert set(only_run().artifacts()) <= {"environment.json", "git.diff"}


def test_files_folders_and_figures(tmp_path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    folder = tmp_path / "results"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a.bin").write_bytes(b"\0\1")
    with autolog.run():
        autolog.log_artifact(folder)
        autolog.log_artifact(folder / "deep" / "a.bin", "copy.bin")
        autolog.log_figure(Figure(), "figure.png")
        autolog.log_figure(Figure(), "figure.svg")
    files = only_run().artifacts()
    assert {"results/deep/a.bin", "copy.bin", "figure.png", "figure.svg"} <= set(files)
    assert files.path("copy.bin").read_bytes() == b"\0\1"
    assert files.path("figure.png").read_bytes()[:4] == b"\x89PNG"


def test_environment_is_recorded_once_for_each_top_level_run() -> None:
    with autolog.run("top"), autolog.run("nested"):
        pass
    runs = {run.name: run for run in autolog.search_runs()}
    assert "autolog.python" in runs["top"].tags and "autolog.python" not in runs["nested"].tags
    facts = json.loads(runs["top"].artifacts().path("environment.json").read_text())
    assert "pytest" in facts["packages"]
    assert list(runs["nested"].artifacts()) == []


def test_secrets_are_not_recorded() -> None:
    with autolog.run():
        autolog.log_params({"api_key": "abc123", "url": "https://me:hunter2@host/x", "max_tokens": 5})
    params = only_run().params
    assert "abc123" not in str(params) and "hunter2" not in str(params) and params["max_tokens"] == 5


def test_what_git_says_is_added_even_to_runs_that_have_ended(tmp_path: Path) -> None:
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@y"]
    (tmp_path / "code.py").write_text("a = 1\n")
    for command in (["init", "-q"], ["add", "code.py"], ["commit", "-qm", "first"]):
        subprocess.run([*git, *command], check=True, cwd=tmp_path)
    (tmp_path / "code.py").write_text("a = 2\n")
    code = "import autolog\nfor name in 'ab':\n    with autolog.run(name): pass\n"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
    for run in autolog.search_runs():
        assert run.tags["autolog.git.dirty"] == "true"
        assert len(run.tags["autolog.git.commit"]) == 40
        assert "+a = 2" in run.artifacts().path("git.diff").read_text()
        assert run.experiment == tmp_path.name
