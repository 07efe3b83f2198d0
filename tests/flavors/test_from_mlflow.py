"""What a real MLflow saves, in each format it offers, is loaded here and predicts the same.

MLflow saves all of it once, in a process of its own (`saved_by_mlflow`).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autolog import flavors
from autolog.flavors.schema import to_mlflow
from autolog.flavors.serving.service import Served
from autolog.flavors.serving.wire import JSON, decode
from tests.flavors.saved_by_mlflow import X, rows_for

pytestmark = [
    pytest.mark.slow,
    # MLflow's, of a predict that says nothing about its types.
    pytest.mark.filterwarnings("ignore:.*type hint:UserWarning"),
]

SAFE = [
    "sklearn skops",
    "sklearn proba",
    "sklearn array",
    *(f"xgboost {kind} {form}" for kind in ("booster", "classifier") for form in ("ubj", "json", "xgb")),
    "lightgbm booster",
    "lightgbm skops",
]
NAMED = {
    "own skops 2": "features.Times",
    "own skops 3": "features.Times",
    "pyfunc loader": "own_loader._load_pyfunc",
}
PICKLED = [
    "sklearn cloudpickle",
    "sklearn pickle",
    *(f"own {form} {factor}" for form in ("pickle", "cloudpickle", "lambda") for factor in (2, 3)),
    "xgboost as sklearn",
    "lightgbm cloudpickle",
    "lightgbm pickle",
    "pyfunc class",
    "pyfunc script",
    "pyfunc function",
    "pyfunc types",
    "pyfunc modules 4",
    "pyfunc modules 5",
]
_PARAMS = {"params": [{"name": "add", "type": "long", "default": 1, "shape": None}]}
PARAMS = {"pyfunc class": _PARAMS, "pyfunc script": _PARAMS}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("mlflow")
    python = os.environ.get("MLFLOW_PYTHON", sys.executable)
    script = Path(__file__).with_name("saved_by_mlflow.py")
    done = subprocess.run(
        [python, script, folder / "models"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder / "models", json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def a_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if nothing had been loaded before."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    for name in ("features", "helpers"):
        sys.modules.pop(name, None)


def test_every_format_is_here(saved: tuple[Path, dict[str, Any]]) -> None:
    assert sorted(saved[1]) == sorted([*SAFE, *NAMED, *PICKLED])


@pytest.mark.parametrize("name", [*SAFE, *NAMED, *PICKLED])
def test_it_predicts_the_same(name: str, saved: tuple[Path, dict[str, Any]], a_process: None) -> None:
    folder, report = saved[0] / name, saved[1][name]
    trust: Any = "pickle" if name in PICKLED else [NAMED[name]] if name in NAMED else ()
    predictor = flavors.load_predictor(folder, trust=trust)
    np.testing.assert_array_equal(predictor.predict(rows_for(name)), report["said"])
    signature = predictor.signature
    assert signature is not None
    written = {side: json.loads(text) for side, text in to_mlflow(signature).items() if text}
    assert written == {"inputs": report["inputs"], "outputs": report["outputs"]} | PARAMS.get(name, {})
    example = decode(JSON, (folder / "serving_input_example.json").read_bytes(), signature)
    assert Served(folder, predictor).predict(example) == report["example"]


@pytest.mark.parametrize("name", [*NAMED, *PICKLED])
def test_without_a_word_it_is_refused(name: str, saved: tuple[Path, dict[str, Any]]) -> None:
    with pytest.raises(flavors.ModelUntrusted) as refused:
        flavors.load_model(saved[0] / name)
    assert refused.value.types == ((NAMED[name],) if name in NAMED else ("pickle",))
    assert f'trust="{"pickle"}"' in str(refused.value) or f'trust=["{NAMED[name]}"]' in str(refused.value)


def test_two_models_that_mlflow_would_mix_up(saved: tuple[Path, dict[str, Any]], a_process: None) -> None:
    """What MLflow loads has its modules in the process, so a second one of the same name is refused."""
    first = flavors.load_predictor(saved[0] / "pyfunc modules 4", trust="pickle")
    with pytest.raises(flavors.ModelNotLoadable, match="a module 'helpers', .* in a process of its own"):
        flavors.load_model(saved[0] / "pyfunc modules 5", trust="pickle")
    again = flavors.load_predictor(saved[0] / "pyfunc modules 4", trust="pickle")
    assert (first.predict(X) == X * 4).all(axis=None)
    assert (again.predict(X) == X * 4).all(axis=None)
    assert sys.path[-1] == str(saved[0] / "pyfunc modules 4" / "code")  # the user's own come first


def test_what_mlflow_cannot_load_is_explained(saved: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    folder = shutil.copytree(saved[0] / "pyfunc class", tmp_path / "model")
    content = (folder / "python_model.pkl").read_bytes()
    (folder / "python_model.pkl").write_bytes(content[: len(content) // 2])
    with pytest.raises(flavors.ModelDamaged, match="is cut off or damaged"):
        flavors.load_model(folder, trust="pickle")
    (folder / "python_model.pkl").write_bytes(b"cnowhere_at_all\nModel\n.")
    with pytest.raises(flavors.ModelNotLoadable, match="nowhere_at_all.*pip install -r"):
        flavors.load_model(folder, trust="pickle")
    script = shutil.copytree(saved[0] / "pyfunc script", tmp_path / "script")
    (script / "script.py").write_text("1/0")
    with pytest.raises(flavors.ModelNotLoadable, match="division by zero"):
        flavors.load_model(script, trust="pickle")


def test_a_flavor_that_is_unknown_here_is_loaded_by_mlflow(
    saved: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    folder = shutil.copytree(saved[0] / "sklearn pickle", tmp_path / "model")
    text = (folder / "MLmodel").read_text()
    (folder / "MLmodel").write_text(text.replace("  sklearn:\n", "  another:\n"))
    with pytest.raises(flavors.ModelUntrusted, match="is loaded by mlflow.sklearn, which can run any code"):
        flavors.load_model(folder)
    predictor = flavors.load_predictor(folder, trust="pickle")
    assert predictor.predict(X).tolist() == saved[1]["sklearn pickle"]["said"]


def test_a_newer_mlflow_is_no_reason_to_refuse(saved: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    folder = shutil.copytree(saved[0] / "sklearn skops", tmp_path / "model")
    text = (folder / "MLmodel").read_text()
    newer = re.sub(r"mlflow_version: .*", "mlflow_version: 99.0.0\nsomething_new: {a: [1]}", text)
    assert newer != text
    (folder / "MLmodel").write_text(newer)
    assert len(flavors.load_predictor(folder).predict(X)) == len(X)
    (folder / "MLmodel").write_text(newer.replace("serialization_format: skops", "serialization_format: new"))
    with pytest.raises(flavors.ModelNotLoadable, match="has the form 'new'; known are skops, pickle"):
        flavors.load_model(folder, trust="pickle")
