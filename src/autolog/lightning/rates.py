"""Learning rates over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ...tracking.contain import contained


class Rates:
    """The learning rates that the last step of each optimizer was made with."""

    def __init__(self, optimizers: Sequence[Any]) -> None:
        self._used = {id(optimizer): _rates(optimizer) for optimizer in optimizers}
        self._told: list[list[Any]] = []

    def changed(self) -> dict[str, float]:
        """All of them, by name, if one is another than at the last call; else nothing."""
        now = [[float(rate) for rate in rates] for rates in self._used.values()]
        if now == self._told:
            return {}
        self._told = now
        return dict(_named(now))

    @contextmanager
    def followed(self) -> Iterator[None]:
        """While the block runs, each step is noted: schedulers change the rate after it."""
        from torch.optim.optimizer import register_optimizer_step_post_hook

        handle = register_optimizer_step_post_hook(self._stepped)
        try:
            yield
        finally:
            handle.remove()

    def _stepped(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        if id(optimizer) in self._used:
            with contained("noting the learning rate"):
                self._used[id(optimizer)] = _rates(optimizer)


def _rates(optimizer: Any) -> list[Any]:
    return [group["lr"] for group in optimizer.param_groups]


def _named(rates: list[list[float]]) -> Iterator[tuple[str, float]]:
    """``lr``; of several groups ``lr.0``, ``lr.1``…; of several optimizers ``lr.0.1`` and so on."""
    for i, groups in enumerate(rates):
        optimizer = f".{i}" if len(rates) > 1 else ""
        for k, rate in enumerate(groups):
            yield f"lr{optimizer}" + (f".{k}" if len(groups) > 1 else ""), rate
