"""Three folds, each with a model, an optimizer and loaders of its own."""

from __future__ import annotations

import torch
from sklearn.datasets import load_iris
from sklearn.model_selection import KFold
from torch import nn
from torch.utils.data import DataLoader, SubsetRandomSampler, TensorDataset

torch.manual_seed(0)
features, labels = load_iris(return_X_y=True)
dataset = TensorDataset(torch.tensor(features, dtype=torch.float32), torch.tensor(labels))
loss_fn = nn.CrossEntropyLoss()
results = []

for fold, (train_ids, test_ids) in enumerate(KFold(3, shuffle=True, random_state=0).split(features)):
    trainloader = DataLoader(dataset, batch_size=25, sampler=SubsetRandomSampler(train_ids))
    testloader = DataLoader(dataset, batch_size=50, sampler=SubsetRandomSampler(test_ids))
    network = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    for _epoch in range(2):
        for inputs, targets in trainloader:
            optimizer.zero_grad()
            loss = loss_fn(network(inputs), targets)
            loss.backward()
            optimizer.step()
            print("fold", fold, "loss", repr(loss.item()))
    with torch.no_grad():
        right = sum((network(inputs).argmax(1) == targets).sum().item() for inputs, targets in testloader)
    results.append(right / len(test_ids))

print("accuracies", results)
print("rng", torch.rand(1).item())
