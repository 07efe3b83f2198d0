"""Several processes that train one model: the first of them records."""

from __future__ import annotations

import os
import sys
from typing import Any


def records_here() -> bool:
    """True in a process of its own, and in rank 0 of those that train together."""
    return rank() == 0


def rank() -> int:
    group = _group()
    return group.get_rank() if group is not None else _number("RANK", 0)


def world_size() -> int:
    group = _group()
    return group.get_world_size() if group is not None else _number("WORLD_SIZE", 1)


def _group() -> Any:
    """`torch.distributed` where the processes have met. A program may do without PyTorch."""
    distributed = sys.modules.get("torch.distributed")
    met = distributed is not None and distributed.is_available() and distributed.is_initialized()
    return distributed if met else None


def _number(variable: str, default: int) -> int:
    """What torchrun says before the processes have met."""
    text = os.environ.get(variable, "")
    return int(text) if text.isdecimal() else default
