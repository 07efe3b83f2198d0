"""Lightning modules: what a checkpoint holds, as data, and the module again from it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from torch import nn

import autolog
from autolog.flavors import ModelDamaged, ModelNotLoadable, ModelUntrusted

lightning = pytest.importorskip("lightning.pytorch")
_DEEP = f'{{"a": {"[" * 900}{"]" * 900}}}'
X = np.random.RandomState(0).normal(size=(6, 3)).astype("f4")

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning"),
    pytest.mark.filterwarnings("ignore:The 'train_dataloader' does not have many workers"),
]


class Base(lightning.LightningModule):  # type: ignore[name-defined, misc]
    def forward(self, rows: Any) -> Any:
        return self.layers(rows)

    def training_step(self, batch: Any, index: int) -> Any:
        return self(batch[0]).square().mean()

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), 0.1)


class Lit(Base):
    def __init__(self, width: int, lr: float = 0.1, sizes: Any = (3,), more: Any = None) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.layers = nn.Sequential(nn.Linear(sizes[0], width), nn.Dropout(0.5))


class Open(Base):
    """Takes whatever it is given."""

    def __init__(self, width: int, **more: Any) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.more = more
        self.layers = nn.Linear(3, width)


class OfOne(Base):
    """All settings are one argument, read as attributes."""

    def __init__(self, settings: Any) -> None:
        super().__init__()
        self.save_hyperparameters(settings)
        self.layers = nn.Linear(3, self.hparams.width)


class Ignoring(Base):
    def __init__(self, body: Any, width: int = 2) -> None:
        super().__init__()
        self.save_hyperparameters(ignore=["body"])
        self.layers = body


class Keeping(Base):
    """Has something in its checkpoints that is no weight."""

    def __init__(self, words: Any = None) -> None:
        super().__init__()
        self.words = words or {}
        self.layers: Any = None

    def configure_model(self) -> None:
        if self.layers is None:
            self.layers = nn.Linear(3, 2)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["words"] = self.words
        checkpoint["state_dict"].clear()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.words = checkpoint["words"]


class KeepingAny(Keeping):
    def __init__(self) -> None:
        super().__init__({"a": object()})


def named(cls: type) -> list[str]:
    return [f"{cls.__module__}.{cls.__qualname__}"]


def said(module: nn.Module) -> Any:
    with torch.no_grad():
        return module.eval()(torch.from_numpy(X)).numpy()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "hparams"),
    [
        (lambda: Lit(2), {"width": 2, "lr": 0.1, "sizes": (3,), "more": None}),
        (
            lambda: Lit(2, np.float64(0.5), [3, 4], {"deep": [(1, 2.5)], "text": "ü", "none": None}),
            {
                "width": 2,
                "lr": 0.5,
                "sizes": [3, 4],
                "more": {"deep": [(1, 2.5)], "text": "ü", "none": None},
            },
        ),
        (lambda: Open(2, deep=(1,), wide=True), {"width": 2, "deep": (1,), "wide": True}),
        (lambda: OfOne({"width": 2, "lr": 1e-3}), {"width": 2, "lr": 1e-3}),
    ],
    ids=["defaults", "nested", "any number", "one argument"],
)
def test_the_module_is_made_with_what_it_was_made_with(
    make: Callable[[], Base], hparams: dict[str, Any], tmp_path: Path
) -> None:
    module = make()
    info = autolog.save_model(module, tmp_path / "model", input_example=X)
    assert info.flavor == "lightning"
    assert any(line.startswith("lightning==") for line in info.requirements)
    with pytest.raises(ModelUntrusted) as refused:
        autolog.load_model(tmp_path / "model")
    assert list(refused.value.types) == named(type(module))
    streams = torch.get_rng_state()
    loaded = autolog.load_model(tmp_path / "model", trust=named(type(module)))
    assert torch.equal(torch.get_rng_state(), streams)
    assert type(loaded) is type(module)
    assert dict(loaded.hparams) == hparams
    assert not loaded.training
    np.testing.assert_array_equal(said(loaded), said(module))
    predictor = autolog.load_predictor(tmp_path / "model", trust=named(type(module)))
    np.testing.assert_array_equal(predictor.predict(X), said(module))


def test_what_a_checkpoint_says_besides(tmp_path: Path) -> None:
    trainer = lightning.Trainer(
        max_epochs=2, logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, accelerator="cpu", num_sanity_val_steps=0,
    )  # fmt: skip
    module = Lit(2)
    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.from_numpy(X)), batch_size=3)
    trainer.fit(module, data)
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    autolog.save_model(module, tmp_path / "model", input_example=X, mlflow=True)
    assert module.trainer is trainer
    assert all(torch.equal(before[name], tensor) for name, tensor in module.state_dict().items())
    contents = json.loads((tmp_path / "model/checkpoint.json").read_text())
    assert contents == {
        "epoch": 2,
        "global_step": 4,
        "pytorch-lightning_version": lightning.__version__,
        "hyper_parameters": {"width": 2, "lr": 0.1, "sizes": {"()": [3]}, "more": None},
    }
    document = yaml.safe_load((tmp_path / "model/MLmodel").read_text())
    assert set(document["flavors"]) == {"lightning", "pytorch", "python_function"}
    loaded = autolog.load_model(tmp_path / "model", trust=named(Lit))
    np.testing.assert_array_equal(said(loaded), said(module))


def test_an_argument_that_was_not_kept_is_named(tmp_path: Path) -> None:
    autolog.save_model(Ignoring(nn.Linear(3, 2)), tmp_path / "model")
    with pytest.raises(ModelNotLoadable, match="the value of body is not kept"):
        autolog.load_model(tmp_path / "model", trust=named(Ignoring))


_ENDLESS: list[Any] = []
_ENDLESS.append(_ENDLESS)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({"a": {1, 2}}, "more is a set"),
        (np.longdouble(1), "more is a longdouble"),
        ({1: 2}, "more is a dict"),
        (_ENDLESS, "more is nested without end"),
    ],
)
def test_an_argument_without_a_safe_form_is_named(value: Any, why: str, tmp_path: Path) -> None:
    autolog.save_model(Lit(2, more=value), tmp_path / "model")
    with pytest.raises(ModelNotLoadable, match=why):
        autolog.load_model(tmp_path / "model", trust=named(Lit))


def test_what_a_module_adds_to_its_checkpoint(tmp_path: Path) -> None:
    module = Keeping({"a": 1, "b": (2, 3)})
    module.configure_model()
    module.hparams["words"] = None
    module._hparams_initial = dict(module.hparams)
    autolog.save_model(module, tmp_path / "model")
    loaded = autolog.load_model(tmp_path / "model", trust=named(Keeping))
    assert loaded.words == {"a": 1, "b": (2, 3)}
    np.testing.assert_array_equal(said(loaded), said(module))


def test_what_a_module_adds_and_has_no_safe_form(tmp_path: Path) -> None:
    module = KeepingAny()
    module.configure_model()
    autolog.save_model(module, tmp_path / "model")
    with pytest.raises(ModelNotLoadable, match=r"a part of its checkpoint is not recorded .*words"):
        autolog.load_model(tmp_path / "model", trust=named(KeepingAny))


@pytest.mark.parametrize("content", ["", "[1]", "1", '{"a": ', "[" * 100_000, _DEEP])
def test_a_forged_checkpoint(content: str, tmp_path: Path) -> None:
    module = KeepingAny()
    module.configure_model()
    autolog.save_model(module, tmp_path / "model")
    document = yaml.safe_load((tmp_path / "model/MLmodel").read_text())
    del document["metadata"]
    document["flavors"]["lightning"]["not_in_checkpoint"] = []
    (tmp_path / "model/MLmodel").write_text(yaml.safe_dump(document))
    (tmp_path / "model/checkpoint.json").write_text(content)
    with pytest.raises(ModelDamaged, match=r"checkpoint\.json is damaged"):
        autolog.load_model(tmp_path / "model", trust=named(KeepingAny))


def test_the_other_lightning(tmp_path: Path) -> None:
    other = pytest.importorskip("pytorch_lightning")

    class Other(other.LightningModule):  # type: ignore[name-defined, misc]
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.Linear(3, 2)

        def forward(self, rows: Any) -> Any:
            return self.layers(rows)

    Other.__qualname__ = "Other"
    globals()["Other"] = Other
    module = Other()
    info = autolog.save_model(module, tmp_path / "model")
    assert info.flavor == "pytorch_lightning"
    assert any(line.startswith("pytorch-lightning==") for line in info.requirements)
    loaded = autolog.load_model(tmp_path / "model", trust=named(Other))
    np.testing.assert_array_equal(said(loaded), said(module))
