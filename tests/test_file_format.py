"""docs/file-format.md says what autolog reads, and stores of earlier releases still open."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any, get_args

import pytest

import autolog
from autolog.store import events
from autolog.store.experiments import events as experiments
from autolog.store.registry import events as models

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "file-format.md").read_text()
LINES, READ_AS = (re.search(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)[1] for kind in ("jsonl", "json"))
RELEASES = sorted(path.parent.name for path in (ROOT / "tests" / "assets").glob("*/expected.json"))


def written(lines: str) -> Path:
    folder = Path("store", "digits", "20241123-070758-search-9f0a1b2c")
    (folder / "artifacts").mkdir(parents=True)
    (folder / "artifacts" / "cv_results.json").write_text("{}")
    (folder / "events-4711-1f2e3d4c.jsonl").write_text(lines)
    return Path("store")


def plain(run: Any) -> dict[str, Any]:
    return {
        "name": run.name,
        "parent_id": run.parent_id,
        "status": run.status,
        "error": run.error,
        "start_time": round(run.start_time.timestamp() * 1000),
        "end_time": round(run.end_time.timestamp() * 1000),
        "params": dict(run.params),
        "metrics": {key: events.wire_number(value) for key, value in run.metrics.items()},
        "tags": dict(run.tags),
    }


def rows(history: Any) -> list[list[Any]]:
    """A history as plain JSON."""
    values = map(events.wire_number, history.value)
    return [list(row) for row in zip(history.step, history.time, values, strict=True)]


def files(run: Any) -> dict[str, str]:
    artifacts = run.artifacts()
    return {name: artifacts.path(name).read_text() for name in artifacts}


def test_the_example_reads_as_the_page_says() -> None:
    runs = autolog.search_runs(store=written(LINES))
    assert {run.id: plain(run) for run in runs} == json.loads(READ_AS)
    assert {run.experiment for run in runs} == {"digits"}
    top = next(run for run in runs if run.parent_id is None)
    assert list(top.artifacts()) == ["cv_results.json"]
    assert top.inputs[0].facts == {"shape": [1797, 64]}


@pytest.mark.parametrize("number", range(LINES.count("\n")))
def test_each_line_is_what_a_writer_writes(number: int) -> None:
    line = LINES.splitlines()[number]
    assert json.dumps(json.loads(line), separators=(",", ":")) == line


def test_the_page_names_the_version_and_every_kind_of_event() -> None:
    assert f"version {events.VERSION}" in PAGE.splitlines()[0]
    kinds = {kind.__name__.lower(): kind for kind in events.Event.__subclasses__()}
    about_runs, about_experiments, about_models = re.split("## (?:Experiments|Registered models)", PAGE)
    assert_documented(about_runs, kinds, {"run", "time"})
    for about, changes in ((about_experiments, experiments.AnyChange), (about_models, models.AnyChange)):
        kinds = {kind.__struct_config__.tag: kind for kind in get_args(changes)}
        assert_documented(about, kinds, {"time", "by"})


def assert_documented(text: str, kinds: dict[str, Any], common: set[str]) -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", text, re.MULTILINE))
    del rows["event"]  # the head of the table
    assert set(rows) == set(kinds)
    for kind, fields in rows.items():
        assert set(re.findall(r"`(\w+)`", fields)) == set(kinds[kind].__struct_fields__) - common


def test_torn_unknown_and_damaged_lines_cost_nothing_else() -> None:
    head, rest = LINES.split("\n", 1)
    strange = (
        '{"event":"hologram","run":1,"time":0,"deep":[1]}\n\n[1,"x",0\n[1,"wide",3,1732345678100,2.5,"new"]\n'
    )
    torn = '{"event":"params","run":1,"time":1732345678300,"params":{"cv":4'
    runs = autolog.search_runs("parent is null", store=written(f"{head}\n{rest}{strange}{torn}"))
    assert runs[0].params["cv"] == 3
    assert runs[0].metrics == {"wide": 2.5}


@pytest.mark.parametrize("release", RELEASES)
def test_a_store_of_every_release_still_opens(release: str, tmp_path: Path) -> None:
    asset = ROOT / "tests" / "assets" / release
    store = shutil.copytree(asset / "store", tmp_path / "store")
    expected = json.loads((asset / "expected.json").read_text())
    runs = autolog.search_runs(store=store)
    assert {run.id: plain(run) for run in runs} == expected["runs"]
    for run_id, histories in expected["histories"].items():
        for key, expected_rows in histories.items():
            assert rows(autolog.get_run(run_id, store=store).history(key)) == expected_rows
    for run_id, expected_files in expected["artifacts"].items():
        assert files(autolog.get_run(run_id, store=store)) == expected_files
