"""Models in runs: the id each of them gets, and where it leads."""

from __future__ import annotations

import errno
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from sklearn.linear_model import LinearRegression

import autolog
from autolog.store.errors import ModelNotFound

X = np.arange(12.0).reshape(6, 2)
MODEL = LinearRegression().fit(X, X[:, 0])


@pytest.fixture(autouse=True)
def store() -> None:
    autolog.enable(store="runs", frameworks=[], silent=True)


def logged(name: str = "model", **details: Any) -> tuple[str, Any]:
    with autolog.run("by hand") as run:
        info = autolog.log_model(MODEL, name, **details)
    return run.id, info


def test_a_logged_model_has_an_id_and_is_found_by_it() -> None:
    run, info = logged("best/model", input_example=X)
    assert re.fullmatch("m-[0-9a-f]{32}", info.id)
    (found,) = autolog.get_run(run).models()
    assert (found.id, found.run_id, found.path, found.flavor) == (info.id, run, "best/model", "sklearn")
    assert autolog.load_model(f"models:/{info.id}").coef_.tolist() == MODEL.coef_.tolist()
    assert autolog.load_predictor(f"models:/{info.id}").predict(X).tolist() == MODEL.predict(X).tolist()


def test_the_folder_says_the_same_id() -> None:
    run, info = logged()
    assert info.path == autolog.get_run(run).artifacts().path("model")
    assert yaml.safe_load((info.path / "MLmodel").read_text())["model_id"] == info.id
    saved = autolog.save_model(MODEL, "alone")
    assert saved.id is None
    assert "model_id" not in yaml.safe_load(Path("alone/MLmodel").read_text())


def test_each_model_of_a_run_has_its_own() -> None:
    with autolog.run("two") as run:
        ids = {autolog.log_model(MODEL, name).id for name in ("a", "b")}
    assert {model.id for model in autolog.get_run(run.id).models()} == ids
    assert len(ids) == 2


def test_what_the_signature_could_not_say_is_in_the_record() -> None:
    import pandas as pd

    table = pd.DataFrame({"a": pd.Categorical(["x", "y"] * 3), "b": X[:, 0]})
    _, info = logged(signature=autolog.infer_signature(table))
    note = "input column 'a' is of dtype category, which is 'any' for MLflow"
    assert info.notes == (note,)
    (found,) = autolog.search_runs()[0].models()
    assert found.notes == (note,)
    predictor = autolog.load_predictor(f"models:/{info.id}")
    assert predictor.signature is not None
    assert predictor.signature.notes == (note,)


def test_ids_that_lead_nowhere() -> None:
    _, info = logged()
    unknown = f"m-{0:032x}"
    with pytest.raises(ModelNotFound, match=unknown):
        autolog.load_model(f"models:/{unknown}")
    with pytest.raises(autolog.flavors.NotAModel, match="models:/m-<32"):
        autolog.load_model(f"models:/{info.id[:-1]}")
    shutil.rmtree(info.path)
    with pytest.raises(FileNotFoundError, match="'model'"):
        autolog.load_model(f"models:/{info.id}")


def test_a_registered_model_may_be_called_like_an_id() -> None:
    run, _ = logged()
    autolog.open_store().registry.register("m-one", f"runs:/{run}/model")
    assert autolog.load_model("models:/m-one/1").coef_.tolist() == MODEL.coef_.tolist()


def test_a_model_is_registered_by_its_id() -> None:
    run, info = logged()
    registry = autolog.open_store().registry
    version = registry.register("fraud", f"models:/{info.id}")
    assert (version.source, version.run_id) == (f"runs:/{run}/model", run)
    assert registry.path(version) == info.path
    with pytest.raises(ModelNotFound):
        registry.register("fraud", f"models:/m-{0:032x}")


def test_a_store_that_cannot_be_written_gives_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    from autolog.store.writer import FolderRunWriter
    from autolog.tracking import contain

    def full(self: Any, path: str) -> Any:
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(contain, "strict", False)
    with autolog.run("by hand") as run:
        monkeypatch.setattr(FolderRunWriter, "artifact", full)
        assert autolog.log_model(MODEL) is None
    for model in autolog.get_run(run.id).models():
        with pytest.raises(FileNotFoundError, match="'model'"):
            autolog.load_model(f"models:/{model.id}")


def test_a_store_that_is_moved_keeps_its_ids() -> None:
    _, info = logged()
    shutil.move("runs", "elsewhere")
    autolog.enable(store="elsewhere", frameworks=[], silent=True)
    assert autolog.load_model(f"models:/{info.id}").coef_.tolist() == MODEL.coef_.tolist()
