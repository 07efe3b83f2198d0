"""A language model of single characters, as the word language model example does it."""

from __future__ import annotations

import math

import torch
from torch import nn

TEXT = "the quick brown fox jumps over the lazy dog. " * 12
LENGTH = 20


class CharModel(nn.Module):
    def __init__(self, characters, hidden):
        super().__init__()
        self.encoder = nn.Embedding(characters, hidden)
        self.rnn = nn.LSTM(hidden, hidden, num_layers=1)
        self.decoder = nn.Linear(hidden, characters)
        self.decoder.weight = self.encoder.weight  # tied

    def forward(self, symbols, hidden):
        output, hidden = self.rnn(self.encoder(symbols), hidden)
        return self.decoder(output).flatten(0, 1), hidden


def batches(data):
    for start in range(0, len(data) - 1 - LENGTH, LENGTH):
        yield data[start : start + LENGTH], data[start + 1 : start + 1 + LENGTH].flatten()


def main():
    torch.manual_seed(0)
    symbols = sorted(set(TEXT))
    encoded = torch.tensor([symbols.index(symbol) for symbol in TEXT])
    data = encoded[: len(encoded) // 4 * 4].reshape(4, -1).t().contiguous()
    model = CharModel(len(symbols), 16)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.AdamW(
        [
            {"params": model.rnn.parameters(), "lr": 0.02},
            {"params": [*model.encoder.parameters(), model.decoder.bias], "weight_decay": 0.0},
        ],
        lr=0.01,
    )
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=3)
    for _epoch in range(3):
        model.train()
        hidden = None
        for inputs, targets in batches(data):
            optimizer.zero_grad()
            output, hidden = model(inputs, hidden)
            hidden = tuple(part.detach() for part in hidden)
            loss = criterion(output, targets)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 0.25)
            optimizer.step()
            print("loss", repr(loss.item()))
        scheduler.step()
        print("perplexity", math.exp(loss.item()))
    print("rng", torch.rand(1).item())


if __name__ == "__main__":
    main()
