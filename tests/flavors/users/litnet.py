"""A Lightning module of the user's, as it stands in a file beside the script."""

from __future__ import annotations

from typing import Any

import lightning
from torch import nn


class Lit(lightning.LightningModule):
    def __init__(self, width: int, sizes: tuple[int, ...] = (3,)) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.layers = nn.Sequential(nn.Linear(sizes[0], width), nn.ReLU(), nn.Linear(width, 1))

    def forward(self, rows: Any) -> Any:
        return self.layers(rows)
