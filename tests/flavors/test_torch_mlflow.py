"""PyTorch and Lightning models, saved here and read by a real MLflow, and the other way round."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import autolog
from autolog.flavors import ModelDamaged, ModelNotLoadable, ModelUntrusted, Tensor

pytestmark = pytest.mark.slow
lightning = pytest.importorskip("lightning.pytorch")

X = np.random.RandomState(0).normal(size=(9, 3))
IMAGES = np.random.RandomState(0).normal(size=(4, 1, 8, 8)).astype("f4")
WORDS = np.arange(20).reshape(4, 5) % 7
USERS = """
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1))

    def forward(self, rows):
        return self.layers(rows)
"""


class Net(nn.Module):
    """What it says depends on whether it is in training."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3, width), nn.Dropout(0.5), nn.BatchNorm1d(width))

    def forward(self, rows: Any) -> Any:
        return self.layers(rows)


class Lit(lightning.LightningModule):  # type: ignore[name-defined, misc]
    def __init__(self, width: int = 4, sizes: tuple[int, ...] = (3,)) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.layers = nn.Linear(sizes[0], width)

    def forward(self, rows: Any) -> Any:
        return self.layers(rows)

    def training_step(self, batch: Any, index: int) -> Any:
        return self(batch).square().mean()

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), 0.1)


class Mean(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(7, 3)

    def forward(self, words: Any) -> Any:
        return self.words(words).mean(1)


MODELS: dict[str, tuple[Callable[[], nn.Module], Any]] = {
    "float32": (lambda: nn.Sequential(nn.Linear(3, 2), nn.ReLU()), X.astype("f4")),
    "float64": (lambda: nn.Linear(3, 2), X),
    "one row": (lambda: nn.Linear(3, 2), X[:1].astype("f4")),
    "table": (lambda: nn.Linear(3, 2), pd.DataFrame(X, columns=list("abc"))),
    "table and double": (lambda: nn.Linear(3, 2).double(), pd.DataFrame(X, columns=list("abc"))),
    "tensor": (lambda: nn.Linear(3, 2), torch.tensor(X, dtype=torch.float32)),
    "class": (lambda: Net(6), X.astype("f4")),
    "images": (lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(2)), IMAGES),
    "words": (Mean, WORDS),
    "recurrent": (
        lambda: nn.Sequential(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)),
        IMAGES[:, 0],
    ),
    "lightning": (lambda: Lit(), X.astype("f4")),
}
MADE: dict[str, nn.Module] = {}


def said(model: nn.Module, rows: Any) -> Any:
    first = next(model.parameters())
    given = torch.as_tensor(rows.to_numpy().copy() if isinstance(rows, pd.DataFrame) else rows)
    with torch.no_grad():
        return model.eval()(given.to(first.dtype) if given.is_floating_point() else given).numpy()


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("models")
    torch.manual_seed(0)
    for name, (make, rows) in MODELS.items():
        MADE[name] = make()
        autolog.save_model(MADE[name], folder / "ours" / name, input_example=rows, mlflow=True)
    (folder / "layers_of_a_user.py").write_text(USERS)
    script = Path(__file__).with_name("torch_with_mlflow.py")
    command = [os.environ.get("MLFLOW_PYTHON", sys.executable), script, folder / "ours", folder / "theirs"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {"folder": folder, **json.loads(done.stdout.splitlines()[-1])}


@pytest.mark.parametrize("name", MODELS)
def test_mlflow_predicts_the_same(name: str, reports: dict[str, Any]) -> None:
    rows, report = MODELS[name][1][:5], reports["ours"][name]
    expected = said(MADE[name], rows)
    np.testing.assert_allclose(report["native"], expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(report["pyfunc"], expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(report["one"], expected[:1], rtol=1e-5, atol=1e-6)
    if "many" in report:
        np.testing.assert_allclose(report["many"], np.concatenate([expected] * 3), rtol=1e-5, atol=1e-6)
    assert len(report["inputs"]) == (3 if "table" in name else 1)


@pytest.mark.parametrize("name", ["pt2", "pickle", "script", "class"])
def test_what_mlflow_saved_is_loaded_once_it_is_trusted(name: str, reports: dict[str, Any]) -> None:
    folder = reports["folder"] / "theirs" / name
    with pytest.raises(ModelUntrusted, match='trust="pickle"'):
        autolog.load_model(folder)
    with pytest.raises(ModelUntrusted, match='trust="pickle"'):
        autolog.load_model(folder, trust=["layers_of_a_user.Net", "torch.nn.Linear"])
    predictor = autolog.load_predictor(folder, trust="pickle")
    rows = np.random.RandomState(1).normal(size=(7, 3)).astype("f4")
    np.testing.assert_allclose(predictor.predict(rows), reports["theirs"][name], rtol=1e-5, atol=1e-6)
    assert predictor.signature is not None
    assert predictor.signature.inputs == (Tensor("float32", (-1, 3)),)
    assert isinstance(predictor.model, nn.Module)
    assert "layers_of_a_user" not in sys.modules


@pytest.mark.parametrize("name", ["pt2", "pickle", "script", "class"])
def test_what_mlflow_saved_and_was_cut_off(name: str, reports: dict[str, Any], tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "model"
    shutil.copytree(reports["folder"] / "theirs" / name, folder)
    path = next((folder / "data").glob("model.p*"))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises((ModelDamaged, ModelNotLoadable), match=path.name):
        autolog.load_model(folder, trust="pickle")
    path.unlink()
    with pytest.raises(ModelDamaged, match="lacks its file"):
        autolog.load_model(folder, trust="pickle")


def test_our_program_is_read_only_with_trust_and_when_nothing_else_is_known(reports: dict[str, Any]) -> None:
    folder, rows = reports["folder"] / "ours" / "class", X.astype("f4")
    for trust in ((), [f"{__name__}.Net"]):
        with pytest.raises(ModelNotLoadable, match='width is not kept.*trust="pickle"'):
            autolog.load_model(folder, trust=trust)
    predictor = autolog.load_predictor(folder, trust="pickle")
    np.testing.assert_allclose(predictor.predict(rows), said(MADE["class"], rows), rtol=1e-5, atol=1e-6)
    lit = autolog.load_model(reports["folder"] / "ours" / "lightning", trust=[f"{__name__}.Lit"])
    assert type(lit) is Lit
    assert dict(lit.hparams) == {"width": 4, "sizes": (3,)}
