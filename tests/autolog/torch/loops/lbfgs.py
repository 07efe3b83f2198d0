"""Sine waves that go on, with LBFGS, as the time sequence example does it."""

from __future__ import annotations

import math

import torch
from torch import nn

STEPS = 4


class Sequence(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.LSTMCell(1, 8)
        self.linear = nn.Linear(8, 1)

    def forward(self, values):
        outputs = []
        h = torch.zeros(values.size(0), 8, dtype=values.dtype)
        c = torch.zeros(values.size(0), 8, dtype=values.dtype)
        for value in values.split(1, dim=1):
            h, c = self.cell(value, (h, c))
            outputs.append(self.linear(h))
        return torch.cat(outputs, dim=1)


if __name__ == "__main__":
    torch.manual_seed(0)
    phases = torch.arange(4, dtype=torch.double)[:, None]
    waves = torch.sin(torch.arange(20)[None, :] / 3.0 + phases * math.pi / 2)
    seq = Sequence().double()
    criterion = nn.MSELoss()
    optimizer = torch.optim.LBFGS(seq.parameters(), lr=0.8, max_iter=5)
    for step in range(STEPS):
        calls = []

        def closure(calls=calls):
            optimizer.zero_grad()
            loss = criterion(seq(waves[:, :-1]), waves[:, 1:])
            calls.append(loss.item())
            loss.backward()
            return loss

        first = optimizer.step(closure)
        print("step", step, "first", repr(first.item()), "last", repr(calls[-1]), "closures", len(calls))
    with torch.no_grad():
        print("test", repr(criterion(seq(waves[:, :-1]), waves[:, 1:]).item()))
