"""What goes out is what search and history give."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from autolog.store.events import End, Input, Params, Tags, read_number, wire_number
from autolog.store.export import iso, record, to_jsonl
from autolog.store.files import new_folder
from autolog.store.folder import FolderStore
from autolog.store.log import now
from autolog.store.parquet import to_parquet

VALUES = {
    "loss": [1.0, 0.5, math.nan, math.inf, -math.inf, 0.1 + 0.2],
    "acc": [0.25],
    "odd key/ü": [float(n) for n in range(5000)],
}
PARAMS = {"C": 0.1, "n": 3, "flag": True, "none": None, "text": "a\nb", "nan": "nan"}


@pytest.fixture
def store() -> FolderStore:
    store = FolderStore("runs")
    run = store.create("iris", "fit")
    for key, values in VALUES.items():
        for step, value in enumerate(values):
            run.point(key, len(values) - step, now(), wire_number(value))
    facts = {"shape": [3, 2], "classes": {"a": 1}}
    run.write(
        Params(run=0, time=now(), params=PARAMS),
        Tags(run=0, time=now(), tags={"team": "red"}),
        Input(run=0, time=now(), name="train", digest="d", context="training", facts=facts),
    )
    child = run.child("nested")
    child.write(End(run=0, time=now(), status="FAILED", error="ValueError: x"))
    return store


def step() -> None:
    """Nobody watches."""


def jsonl(store: FolderStore) -> list[dict[str, Any]]:
    file = io.BytesIO()
    to_jsonl(store, store.search(), file, step)
    return [json.loads(line, parse_constant=pytest.fail) for line in file.getvalue().splitlines()]


def parquet(store: FolderStore) -> Mapping[str, list[dict[str, Any]]]:
    with new_folder(Path("out"), overwrite=False) as folder:
        to_parquet(store, store.search(), folder, step)
    return {path.stem: pq.read_table(path).to_pylist() for path in Path("out").iterdir()}


def same(left: Any, right: Any) -> bool:
    """Equal, with NaN equal to NaN."""
    return repr(list(left)) == repr(list(right))


def test_json_lines_hold_everything(store: FolderStore) -> None:
    rows = {row["run_id"]: row for row in jsonl(store)}
    assert len(rows) == 2
    for run in store.search():
        row = rows[run.id]
        history = row.pop("history")
        assert row == record(run)
        assert history.keys() == run.metrics.keys()
        for key, columns in history.items():
            points = store.points(run.id, key)
            assert columns["step"] == points.step.tolist()
            assert columns["time"] == points.time.tolist()
            assert same(map(read_number, columns["value"]), points.value)


def test_params_keep_their_types(store: FolderStore) -> None:
    row = next(row for row in jsonl(store) if row["name"] == "fit")
    assert row["params"] == PARAMS
    assert isinstance(row["params"]["flag"], bool)


def test_parquet_holds_everything(store: FolderStore) -> None:
    tables = parquet(store)
    runs = {row["run_id"]: row for row in tables["runs"]}
    for run in store.search():
        row = runs.pop(run.id)
        assert (row["name"], row["status"], row["error"]) == (run.name, run.status, run.error)
        assert (row["parent_id"], row["experiment"], row["stale"]) == (
            run.parent_id,
            run.experiment,
            run.stale,
        )
        assert row["start_time"].isoformat(timespec="milliseconds") == iso(run.start_time)
        assert row["end_time"] is None or row["end_time"].timestamp() * 1000 == run.end_time
        tags = {row["key"]: row["value"] for row in tables["tags"] if row["run_id"] == run.id}
        assert tags == run.tags
        for key in run.metrics:
            points = [row for row in tables["metrics"] if (row["run_id"], row["key"]) == (run.id, key)]
            history = store.points(run.id, key)
            assert [row["step"] for row in points] == history.step.tolist()
            assert [round(row["time"].timestamp() * 1000) for row in points] == history.time.tolist()
            assert same((row["value"] for row in points), history.value)
    assert runs == {}
    assert [json.loads(row["facts"]) for row in tables["inputs"]] == [{"shape": [3, 2], "classes": {"a": 1}}]


def test_params_in_parquet_keep_their_types(store: FolderStore) -> None:
    rows = {row["key"]: (row["value"], row["type"], row["number"]) for row in parquet(store)["params"]}
    assert rows == {
        "C": ("0.1", "float", 0.1),
        "n": ("3", "int", 3.0),
        "flag": ("True", "bool", None),
        "none": (None, "none", None),
        "text": ("a\nb", "str", None),
        "nan": ("nan", "str", None),
    }


def test_an_empty_store_gives_empty_tables() -> None:
    tables = parquet(FolderStore("empty"))
    assert tables == {name: [] for name in ("runs", "params", "metrics", "tags", "inputs")}
