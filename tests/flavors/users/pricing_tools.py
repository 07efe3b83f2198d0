"""What `pricing` imports: it has to travel, too."""

from __future__ import annotations

from typing import Any


def scaled(data: Any, factor: float) -> Any:
    return data * factor
