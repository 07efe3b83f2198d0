"""Four small batches for each step of the optimizer."""

from __future__ import annotations

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

ACCUMULATE = 4

torch.manual_seed(0)
x = torch.randn(96, 5)
y = x @ torch.randn(5, 1) + 0.1 * torch.randn(96, 1)
loader = DataLoader(TensorDataset(x, y), batch_size=4, shuffle=True, drop_last=True)
model = nn.Linear(5, 1)
optimizer = torch.optim.RMSprop(model.parameters(), lr=0.05)

for _epoch in range(2):
    running = 0.0
    for i, (inputs, targets) in enumerate(loader):
        loss = nn.functional.mse_loss(model(inputs), targets) / ACCUMULATE
        loss.backward()
        running += loss.item()
        if (i + 1) % ACCUMULATE == 0:
            optimizer.step()
            optimizer.zero_grad()
            print("loss", repr(running))
            running = 0.0

print("rng", torch.rand(1).item())
