"""A store with something of everything, and what any store says of itself, to be compared."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from autolog.store.base import ArtifactFolder, RunData, RunWriter, Store
from autolog.store.events import Delete, End, Input, Model, Name, Params, Status, Tags
from autolog.store.registry.base import COPIED

BEGUN = 1_700_000_000_000
MODEL = f"m-{1:032x}"
LOGGED = f"m-{2:032x}"


def fill(store: Store, folder: Path, *, many: int = 12_000) -> None:
    """Two experiments (and one that is deleted), runs of three levels, and a registry.

    ``many`` points of a metric; ``folder`` gets a model that is registered as a copy.
    """
    store.experiments.create("fruit", tags={"team": "red", "mlflow.note.content": "about fruit"})
    _fruit(store, many)
    _others(store)
    _registered(store, folder)


def _fruit(store: Store, many: int) -> None:
    top = store.create("fruit", "search", id="top0", time=BEGUN)
    top.write(
        Params(run=0, time=BEGUN, params={"C": 0.5, "n": 3, "on": True, "none": None, "text": "5"}),
        Tags(run=0, time=BEGUN, tags={"autolog.framework": "sklearn", "odd key/ü": "vä\nlue"}),
        Input(run=0, time=BEGUN, name="train", digest="d1", context="training", facts={"shape": [3, 4]}),
        Input(run=0, time=BEGUN, name="train", digest="d1", context="test", facts={}),
    )
    values: list[float | str] = [1.5, "NaN", "Infinity", "-Infinity", 2, -0.0, 1e-300]
    top.points(("loss", step, BEGUN + step // 2, value) for step, value in enumerate(values))
    top.points(("many", step, BEGUN + step, step / 7) for step in range(many))
    top.point("last is nan", 3, BEGUN, "NaN")
    _put(top, "notes.txt", b"hello")
    _put(top, "best/model/MLmodel", b"flavors: {}")
    _put(top, "best/model/data/weights.bin", bytes(range(256)) * 1000)
    top.write(
        Model(run=0, time=BEGUN + 7, id=MODEL, path="best/model", flavor="sklearn", notes=["no example"])
    )
    for number in range(3):
        trial = store.create("fruit", f"trial {number}", parent="top0", id=f"trial{number}", time=BEGUN + 10)
        fold = store.create("fruit", "fold", parent=f"trial{number}", id=f"fold{number}", time=BEGUN + 11)
        fold.point("acc", 0, BEGUN + 12, number / 3)
        _end(fold, "FINISHED", 20)
        _end(trial, "FINISHED", 30)
    logged = store.create("fruit", "model", parent="top0", id=LOGGED, time=BEGUN + 40, kind="model")
    _put(logged, "model/MLmodel", b"flavors: {}")
    logged.write(
        Params(run=0, time=BEGUN, params={"depth": 3}),
        Model(run=0, time=BEGUN, id=LOGGED, path="model", flavor="xgboost"),
    )
    _end(logged, "FINISHED", 41)
    _end(top, "FINISHED", 50)


def _others(store: Store) -> None:
    failed = store.create("fruit", "broken", id="failed", time=BEGUN + 60)
    _end(failed, "FAILED", 70, "ValueError: no [red]x[/red]\n  in line 3")
    gone = store.create("fruit", "gone", id="gone0", time=BEGUN + 80)
    gone.point("loss", 0, BEGUN, 0.25)
    _put(gone, "kept.txt", b"kept")
    _end(gone, "KILLED", 90)
    gone.write(Delete(run=0, time=BEGUN + 100))
    going = store.create("a b/ü~", "going on", id="going", time=BEGUN + 110)
    going.write(Name(run=0, time=BEGUN + 111, name="renamed"))
    going.point("loss", 0, BEGUN, 0.5)
    planned = store.create("a b/ü~", "planned", id="planned", time=BEGUN + 120)
    planned.write(End(run=0, time=BEGUN + 120, status="SCHEDULED"))
    old = store.create("old", "in a deleted experiment", id="oldrun", time=BEGUN + 130)
    _end(old, "FINISHED", 140)
    store.experiments.delete(store.experiments.named("old").id)


def _registered(store: Store, folder: Path) -> None:
    registry = store.registry
    registry.create("fruits", description="apples\nand pears", tags={"team": "red"})
    registry.register("fruits", "runs:/top0/best/model", description="the first", tags={"a": "1"})
    registry.register("fruits", "s3://elsewhere/model", tags={"deleted": "soon"})
    registry.delete_version("fruits", 2)
    registry.register("fruits", f"models:/{LOGGED}")
    (folder / "data").mkdir(parents=True)
    (folder / "MLmodel").write_text("flavors: {}")
    (folder / "data" / "weights").write_bytes(b"w" * 100)
    registry.register("fruits", folder, run_id="trial1")
    registry.set_alias("fruits", "champion", 3)
    registry.set_alias("fruits", "challenger", 4)
    registry.set_stage("fruits", 1, "Archived")
    registry.set_stage("fruits", 3, "Production")
    registry.create("empty")


def _put(run: RunWriter, path: str, content: bytes) -> None:
    with run.artifact(path) as file:
        file.write_bytes(content)


def _end(run: RunWriter, status: Status, after: int, error: str | None = None) -> None:
    run.write(End(run=0, time=BEGUN + after, status=status, error=error))


def everything(store: Store) -> dict[str, Any]:
    """All that a copy has to have, as plain values that compare."""
    both = "deleted IN (true, false) AND kind IN ('run', 'model')"
    return {
        "experiments": {
            one.name: (one.deleted, dict(one.tags)) for one in store.experiments.list(deleted=None)
        },
        "runs": {run.id: _run(store, run) for run in store.search(both)},
        "models": {model.name: _model(store, model.name) for model in store.registry.search()},
    }


def _run(store: Store, run: RunData) -> dict[str, Any]:
    files = store.artifacts(run.id)
    return {
        "facts": (run.name, run.experiment, run.status, run.parent_id, run.kind, run.deleted),
        "times": (run.start_time, run.end_time),
        "error": run.error,
        "params": {key: (type(value), value) for key, value in run.params.items()},
        "tags": dict(run.tags),
        "inputs": sorted((one.name, one.digest, one.context, str(dict(one.facts))) for one in run.inputs),
        "metrics": {key: _number(value) for key, value in run.metrics.items()},
        "points": {key: _points(store, run.id, key) for key in run.metrics},
        "files": {name: _content(files, name) for name in files},
        "models": sorted(map(repr, store.models(run.id))),
    }


def _content(files: ArtifactFolder, name: str) -> bytes:
    with files.open(name) as file:
        return file.read()


def _points(store: Store, id: str, key: str) -> list[tuple[int, int, str]]:
    points = store.points(id, key)
    return list(zip(points.step, points.time, map(_number, points.value), strict=True))


def _number(value: float) -> str:
    return "nan" if math.isnan(value) else repr(float(value))


def _model(store: Store, name: str) -> dict[str, Any]:
    model = store.registry.get(name)
    return {
        "facts": (model.description, dict(model.tags), dict(model.aliases), model.latest),
        "versions": [
            (one.version, one.source, one.run_id, one.description, dict(one.tags), one.aliases, one.stage)
            for one in store.registry.versions(name)
        ],
        "files": {
            one.version: _files(store.registry.path(one))
            for one in store.registry.versions(name)
            if one.source == COPIED or one.source.startswith("runs:")
        },
    }


def _files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
