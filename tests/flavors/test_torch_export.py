"""The form of PyTorch models that MLflow reads: when it is written, and what is in its way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from torch import nn

import autolog
from autolog.flavors import ModelInfo, ModelNotSaved, beside

pytestmark = pytest.mark.slow
X = np.random.RandomState(0).normal(size=(5, 3)).astype("f4")
PROGRAM = "data/model.pt2"


class Branching(nn.Module):
    """What it does depends on the numbers."""

    def forward(self, rows: Any) -> Any:
        return rows if rows.sum() > 0 else -rows


class OfTwo(nn.Module):
    def forward(self, rows: Any, others: Any) -> Any:
        return rows + others


class OfFive(nn.Module):
    """Takes five rows, and nothing else."""

    def forward(self, rows: Any) -> Any:
        return rows.reshape(5, 3).sum(1)


class Pair(nn.Module):
    def forward(self, rows: Any) -> Any:
        return rows, rows + 1


class Failing(nn.Module):
    def forward(self, rows: Any) -> Any:
        raise ArithmeticError("first line\nsecond line")


def flavors_of(info: ModelInfo) -> set[str]:
    document = yaml.safe_load((info.path / "MLmodel").read_text())
    return set(document["flavors"])


def net() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.5))


def test_it_is_written_for_who_has_mlflow_and_gives_an_example(tmp_path: Path) -> None:
    model = net()
    streams, before = torch.get_rng_state(), {k: v.clone() for k, v in model.state_dict().items()}
    info = autolog.save_model(model, tmp_path / "model", input_example=X)
    assert torch.equal(torch.get_rng_state(), streams)
    assert all(part.training for part in model.modules())
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert flavors_of(info) == {"torch", "pytorch", "python_function"}
    assert PROGRAM in info.files
    assert info.notes == ()


def test_it_is_not_written_for_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without = [
        autolog.save_model(net(), tmp_path / "no example"),
        autolog.save_model(net(), tmp_path / "not wanted", input_example=X, mlflow=False),
    ]
    monkeypatch.setattr(beside, "installed_version", lambda name: None)
    without.append(autolog.save_model(net(), tmp_path / "no MLflow", input_example=X))
    for info in without:
        assert flavors_of(info) == {"torch"}
        assert PROGRAM not in info.files
        assert info.notes == ()
    wanted = autolog.save_model(net(), tmp_path / "wanted", input_example=X, mlflow=True)
    assert PROGRAM in wanted.files


def test_a_large_model_is_written_twice_only_when_that_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "LARGEST", 10)
    info = autolog.save_model(net(), tmp_path / "model", input_example=X)
    assert PROGRAM not in info.files
    assert "mlflow=True" in info.notes[0]
    assert PROGRAM in autolog.save_model(net(), tmp_path / "wanted", input_example=X, mlflow=True).files


@pytest.mark.parametrize(
    ("model", "rows", "why"),
    [
        (Branching(), X, "cannot be exported"),
        (OfTwo(), X, "TypeError"),
        (OfFive(), X, "cannot be exported"),
        (Failing(), X, "ArithmeticError: first line"),
        (nn.Linear(3, 2), ["a", "b"], "no array of numbers"),
        (nn.Linear(3, 2), {"a": X}, "one table or one array"),
        (OfTwo(), (X, X), "not one table or one array"),
    ],
)
def test_what_cannot_be_exported_is_noted_and_refused_only_when_it_was_wanted(
    model: nn.Module, rows: Any, why: str, tmp_path: Path
) -> None:
    info = autolog.save_model(model, tmp_path / "model", input_example=rows)
    assert flavors_of(info) == {"torch"}
    assert not (tmp_path / "model/data").exists()
    [note] = [note for note in info.notes if note.startswith("there is no form that MLflow reads: ")]
    assert why in note
    assert "\n" not in note
    with pytest.raises(ModelNotSaved, match=why):
        autolog.save_model(model, tmp_path / "wanted", input_example=rows, mlflow=True)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_without_rows_there_is_nothing_to_ask_with(tmp_path: Path) -> None:
    with pytest.raises(ModelNotSaved, match="input_example="):
        autolog.save_model(net(), tmp_path / "model", mlflow=True)


def test_mlflow_predicts_only_with_what_gives_one_tensor(tmp_path: Path) -> None:
    info = autolog.save_model(Pair(), tmp_path / "model", input_example=X)
    assert flavors_of(info) == {"torch", "pytorch"}


def test_other_flavors_need_no_second_form(tmp_path: Path) -> None:
    from sklearn.linear_model import LinearRegression

    model = LinearRegression().fit(X, X[:, 0])
    info = autolog.save_model(model, tmp_path / "model", input_example=X, mlflow=True)
    assert flavors_of(info) == {"sklearn", "python_function"}


def test_exporting_is_no_training() -> None:
    autolog.enable()
    with autolog.run() as run:
        info = autolog.log_model(net(), input_example=X)
    assert info is not None and PROGRAM in info.files
    assert [found.id for found in autolog.open_store("autoruns").search()] == [run.id]
