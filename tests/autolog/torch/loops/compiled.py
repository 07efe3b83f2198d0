"""A compiled model, by a backend that needs no compiler."""

from __future__ import annotations

import torch
from torch import nn
from torch._dynamo.utils import counters

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(6, 16), nn.GELU(), nn.Linear(16, 1))
compiled = torch.compile(model, backend="aot_eager")
optimizer = torch.optim.Adam(compiled.parameters(), lr=0.01)

for _ in range(10):
    inputs = torch.randn(8, 6)
    loss = ((compiled(inputs) - inputs.sum(1, keepdim=True)) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print("loss", repr(loss.item()))

print("graphs", counters["stats"]["unique_graphs"], "breaks", sum(counters["graph_break"].values()))
print("rng", torch.rand(1).item())
