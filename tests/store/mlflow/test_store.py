"""A store on an MLflow server keeps the contract, but for what MLflow cannot keep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from autolog.store.base import Store
from autolog.store.http import HttpStore
from autolog.testing.store import T0, StoreContract

from .serving import MlflowServer

pytestmark = pytest.mark.slow


class TestMlflowStore(StoreContract):
    @pytest.fixture(autouse=True)
    def served(self, server: MlflowServer) -> None:
        self.address = server.address

    def make_store(self, tmp_path: Path) -> HttpStore:
        return HttpStore(self.address)

    def test_the_whole_history_is_kept_in_its_order(self, store: Store) -> None:
        """MLflow's tables know one zero; all else is kept."""
        writer = store.create("fruit", "apple")
        steps, numbers = (
            [0, 1, 1, 5, 3, -7, 2**40, 5],
            [1.0, "NaN", "Infinity", "-Infinity", 0.1, -0.0, 1e-308],
        )
        for number, (step, value) in enumerate(zip(steps, [*numbers, 5.0], strict=True)):
            writer.point("loss", step, T0 + number, value)  # type: ignore[arg-type]
        history = store.points(writer.id, "loss")
        assert list(history.step) == steps
        assert list(history.time) == [T0 + number for number in range(len(steps))]
        assert list(map(str, history.value)) == ["1.0", "nan", "inf", "-inf", "0.1", "0.0", "1e-308", "5.0"]
        assert len(store.points(writer.id, "unknown")) == 0

    # Fewer of those that take long

    @pytest.mark.parametrize("count", [1, 10_000])
    def test_histories_of_any_length(self, store: Store, count: int) -> None:
        super().test_histories_of_any_length(store, count)

    @pytest.mark.parametrize(("x", "n"), [("step", 1), ("time", 50)])
    def test_no_spike_is_lost(self, store: Store, x: Any, n: int) -> None:
        super().test_no_spike_is_lost(store, x, n)
