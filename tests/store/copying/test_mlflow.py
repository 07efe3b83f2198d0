"""Moving in from MLflow, and out again: its own files, its own server, its own client."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from autolog.cli import main
from autolog.store.base import RunData
from autolog.store.copying import Copying
from autolog.store.copying.mlflow_files import kept
from autolog.store.copying.sources import opened
from autolog.store.folder import FolderStore
from autolog.store.opening import open_store
from tests.store.copying.filled import everything, fill
from tests.store.mlflow.serving import mlflow_server

pytest.importorskip("mlflow")

MAKING = Path(__file__).with_name("making.py")
"""What a user of MLflow runs."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what MLflow's client made: ``runs/mlruns`` and ``database/mlflow.db``."""
    folder = tmp_path_factory.mktemp("mlflow")
    for name in ("runs", "database"):
        (folder / name).mkdir()
    addresses = [str(folder / "runs" / "mlruns"), f"sqlite:///{folder}/database/mlflow.db"]
    env = {**os.environ, "MLFLOW_ALLOW_FILE_STORE": "true"}
    subprocess.run([sys.executable, str(MAKING), *addresses], check=True, cwd=folder / "database", env=env)
    return folder


@pytest.fixture(scope="module", params=["runs/mlruns", "database/mlflow.db"])
def moved(
    request: pytest.FixtureRequest, made: Path, tmp_path_factory: pytest.TempPathFactory
) -> FolderStore:
    """What was copied, twice."""
    place, copy = made / request.param, tmp_path_factory.mktemp("copy")
    before = state(place.parent)
    with opened(str(place)) as source:
        first = Copying(source, store := FolderStore(copy)).copy()
        complete = everything(store)
        again = Copying(source, store).copy()
    assert (first.failures, first.notes, again.failures, again.notes) == ([], [], [], [])
    assert (again.runs.new, again.runs.changed, again.points, again.files) == (0, 0, 0, 0)
    assert (again.models.changed, again.versions.new) == (0, 0)
    assert everything(store) == complete
    assert state(place.parent) == before
    return store


def state(folder: Path) -> dict[str, tuple[int, int]]:
    """All files, with size and time."""
    found = {path.relative_to(folder).as_posix(): path.stat() for path in folder.rglob("*")}
    return {name: (stat.st_size, stat.st_mtime_ns) for name, stat in found.items()}


def named(store: FolderStore, name: str) -> RunData:
    (run,) = store.search(f"name = '{name}' AND deleted IN (true, false)")
    return run


@pytest.mark.slow
def test_runs_come_as_they_are(moved: FolderStore) -> None:
    store = moved
    outer, inner, innermost = (named(store, name) for name in ("outer", "inner", "innermost"))
    assert (inner.parent_id, innermost.parent_id) == (outer.id, inner.id)
    assert [len(run.id) for run in (outer, inner, innermost)] == [32] * 3
    assert list(store.points(outer.id, "loss").value) == [1 / (step + 1) for step in range(50)]
    assert inner.params == {"x": "3", "long": "v" * 500}
    assert str(inner.metrics["nan"]) == "nan"
    assert innermost.tags["who"] == "me"
    with store.artifacts(outer.id).open("notes/a.txt") as file:
        assert file.read() == b"hello"
    assert named(store, "gone").deleted
    broken = named(store, "broken")
    assert (broken.status, broken.start_time, broken.end_time) == (
        "FAILED",
        1_700_000_000_000,
        1_700_000_001_000,
    )
    assert store.experiments.named("iris").tags["team"] == "red"


@pytest.mark.slow
def test_models_come_with_their_files(moved: FolderStore) -> None:
    store = moved
    (model,) = store.models(named(store, "outer").id)
    assert (model.path, model.flavor) == ("model", "sklearn")
    version = store.registry.version_by_alias("flowers", "champion")
    assert (version.version, version.source) == (1, f"runs:/{model.id}/model")
    assert (version.run_id, version.tags["stage"]) == (named(store, "outer").id, "proven")
    assert (store.registry.path(version) / "MLmodel").is_file()
    assert store.registry.get("flowers").description == "about flowers"


def test_what_is_mlflows_and_what_is_ours(tmp_path: Path) -> None:
    FolderStore(tmp_path / "ours").create("fruit", "apple")
    assert kept(str(tmp_path / "ours")) is None
    assert kept(str(tmp_path / "nothing")) is None
    open_store(f"sqlite:///{tmp_path}/ours.db")
    assert kept(f"sqlite:///{tmp_path}/ours.db") is None
    assert kept(str(tmp_path / "ours.db")) is None
    assert kept("https://example.com") is None


@pytest.mark.slow
def test_to_an_mlflow_server_and_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow keeps one role of a data set in a run, and no sign of a zero."""
    monkeypatch.setenv("AUTOLOG_SPOOL", str(tmp_path / "spool"))
    source, back = FolderStore(tmp_path / "source"), str(tmp_path / "back")
    fill(source, tmp_path / "model", many=2_000)
    wanted = everything(source)
    search = wanted["runs"]["top0"]
    search["inputs"] = [one for one in search["inputs"] if "training" not in one]
    search["points"]["loss"][5] = (*search["points"]["loss"][5][:2], "0.0")
    with mlflow_server(tmp_path) as server:
        assert main(["sync", "--from", source.uri, "--to", server.address]) == 0
        assert main(["sync", "--from", server.address, "--to", back]) == 0
        again = Copying(source, open_store(server.address)).copy()
    assert everything(FolderStore(back)) == wanted
    assert (again.failures, again.notes) == ([], [])
    assert (again.runs.new, again.runs.changed, again.points, again.files) == (0, 1, 0, 0)
    assert (again.models.changed, again.versions.new) == (0, 0)
