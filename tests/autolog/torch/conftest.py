"""What tests of training loops share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

import autolog
from autolog.autolog.torch.losses import here
from autolog.store.runs import Run
from autolog.tracking.active import activate
from autolog.tracking.settings import resolve


@pytest.fixture
def recorded(tmp_path: Path) -> Iterator[Callable[[], list[Run]]]:
    """Training loops are recorded; calling it gives their top-level runs, the oldest first."""
    store = tmp_path / "store"
    autolog.enable(store=store, frameworks=["torch"])
    torch.manual_seed(0)
    here.losses.take()  # of an earlier test that stepped nothing

    def runs() -> list[Run]:
        found = autolog.search_runs("parent IS NULL", store=store) if store.exists() else []
        return found[::-1]

    yield runs
    autolog.disable()
    activate(resolve())
