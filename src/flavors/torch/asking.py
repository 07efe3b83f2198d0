"""Asking a module for its prediction, so that neither it nor its user notices."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def predicted(model: Any, data: Any) -> Any:
    """What a module says about a table or an array, as an array."""
    torch = sys.modules["torch"]
    rows = tensor_of(data.to_numpy() if hasattr(data, "to_numpy") else data)
    first = next(model.parameters(), None)
    if first is not None:
        rows = rows.to(first.device, first.dtype if rows.is_floating_point() else None)
    with asked_quietly(model):
        said = model(rows)
    return said.float().cpu().numpy() if said.dtype == torch.bfloat16 else said.cpu().numpy()


def tensor_of(rows: Any) -> Any:
    """Rows as a tensor. PyTorch warns of arrays that cannot be written, such as those of a table."""
    fixed = hasattr(rows, "flags") and not rows.flags.writeable
    return sys.modules["torch"].as_tensor(rows.copy() if fixed else rows)


@contextmanager
def asked_quietly(model: Any) -> Iterator[None]:
    """In evaluation mode, without gradients; nothing of the user's is different afterwards."""
    before = [(module, module.training) for module in model.modules()]
    with sys.modules["torch"].no_grad(), random_streams_kept():
        try:
            for module, _ in before:
                module.training = False
            yield
        finally:
            for module, training in before:
                module.training = training


@contextmanager
def random_streams_kept() -> Iterator[None]:
    import torch

    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        yield
