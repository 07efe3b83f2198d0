"""Handwritten digits, with a validation pass after each epoch, as the beginner's tutorial does it."""

from __future__ import annotations

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

EPOCHS = 3
BATCH = 64


class NeuralNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.flatten = nn.Flatten()
        self.layers = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 10))

    def forward(self, images):
        return self.layers(self.flatten(images))


def train(loader, model, loss_fn, optimizer):
    model.train()
    for images, labels in loader:
        loss = loss_fn(model(images), labels)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        print("loss", repr(loss.item()))


def validate(loader, model, loss_fn):
    model.eval()
    total, correct = 0.0, 0
    with torch.no_grad():
        for images, labels in loader:
            outputs = model(images)
            total += loss_fn(outputs, labels).item()
            correct += (outputs.argmax(1) == labels).sum().item()
    print("valid", repr(total / len(loader)), correct / len(loader.dataset))


def main():
    torch.manual_seed(0)
    images, labels = load_digits(return_X_y=True)
    images = torch.tensor(images, dtype=torch.float32).reshape(-1, 8, 8) / 16
    digits = TensorDataset(images, torch.tensor(labels))
    training, validation = random_split(digits, [1497, 300])
    train_loader = DataLoader(training, batch_size=BATCH, shuffle=True)
    valid_loader = DataLoader(validation, batch_size=100)
    model = NeuralNetwork()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.5)
    for _ in range(EPOCHS):
        train(train_loader, model, nn.CrossEntropyLoss(), optimizer)
        validate(valid_loader, model, nn.CrossEntropyLoss())
        scheduler.step()
    print("rng", torch.rand(1).item())


if __name__ == "__main__":
    main()
