"""Large PyTorch models: no second copy in memory, neither saved nor loaded. Seconds are not measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

import autolog
from benchmarks.memory import growth

pytestmark = pytest.mark.slow

MEGABYTES = 192
ALLOWED = 40
WIDTH = MEGABYTES << 6  # times 4096 float32


class Net(nn.Module):
    """Of the user's: it fills its own first weights."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4096, WIDTH, bias=False)


class Turned(nn.Module):
    """Weights that do not lie as the file has them, two of them in one piece of memory."""

    def __init__(self) -> None:
        super().__init__()
        whole = torch.full((4096, WIDTH), 0.5).t()
        self.a, self.b = nn.Parameter(whole[: WIDTH // 2]), nn.Parameter(whole[WIDTH // 2 :])


@pytest.fixture(autouse=True)
def imported(tmp_path: Any) -> None:
    """So that no growth is that of an import."""
    autolog.save_model(nn.Linear(2, 2), tmp_path / "small")
    autolog.load_model(tmp_path / "small")


@pytest.mark.parametrize("make", [lambda: Net().layer, Net, lambda: Net().layer.bfloat16(), Turned])
def test_no_second_copy(make: Callable[[], nn.Module]) -> None:
    model = make()
    first = next(model.parameters())
    first.data[:2, :2] = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    size, dtype = sum(part.nbytes for part in model.parameters()) >> 20, first.dtype
    with growth() as saving:
        autolog.save_model(model, "model")
    del model, first
    with growth() as loading:
        loaded = autolog.load_model("model", trust=[f"{__name__}.Net", f"{__name__}.Turned"])
    first = next(loaded.parameters())
    assert first[:2, :2].tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert first.dtype == dtype
    assert saving.megabytes < ALLOWED
    assert loading.megabytes - MEGABYTES < ALLOWED
    assert size in (MEGABYTES, MEGABYTES // 2)
