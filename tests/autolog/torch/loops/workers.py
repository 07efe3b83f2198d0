"""A data set that forked workers read, with persistent workers and an iterable set beside it."""

from __future__ import annotations

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, IterableDataset


class Squares(Dataset):
    def __len__(self):
        return 40

    def __getitem__(self, index):
        value = torch.tensor([index / 40.0])
        return value, value**2


class Stream(IterableDataset):
    def __iter__(self):
        for index in range(24):
            value = torch.tensor([index / 24.0])
            yield value, value**2


def main():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loader = DataLoader(Squares(), 10, shuffle=True, num_workers=2, persistent_workers=True)
    stream = DataLoader(Stream(), batch_size=6)
    for _epoch in range(2):
        for inputs, targets in loader:
            loss = nn.functional.mse_loss(model(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            print("loss", repr(loss.item()))
    for inputs, targets in stream:
        loss = nn.functional.mse_loss(model(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print("loss", repr(loss.item()))
    print("rng", torch.rand(1).item())


if __name__ == "__main__":
    main()
