"""A GAN that learns a ring of points, with the two steps of the DCGAN tutorial."""

from __future__ import annotations

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Generator(nn.Module):
    def __init__(self, noise):
        super().__init__()
        self.main = nn.Sequential(nn.Linear(noise, 16), nn.ReLU(True), nn.Linear(16, 2))

    def forward(self, z):
        return self.main(z)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1), nn.Sigmoid())

    def forward(self, points):
        return self.main(points).view(-1)


torch.manual_seed(0)
angles = torch.rand(160) * 6.28318
dataset = TensorDataset(torch.stack([angles.cos(), angles.sin()], dim=1))
dataloader = DataLoader(dataset, batch_size=32, shuffle=True)

netG = Generator(4)
netD = Discriminator()
criterion = nn.BCELoss()
optimizerD = torch.optim.Adam(netD.parameters(), lr=0.0002, betas=(0.5, 0.999))
optimizerG = torch.optim.Adam(netG.parameters(), lr=0.001, betas=(0.5, 0.999))

for _epoch in range(2):
    for (real,) in dataloader:
        netD.zero_grad()
        label = torch.full((real.size(0),), 1.0)
        errD_real = criterion(netD(real), label)
        errD_real.backward()
        fake = netG(torch.randn(real.size(0), 4))
        label.fill_(0.0)
        errD_fake = criterion(netD(fake.detach()), label)
        errD_fake.backward()
        errD = errD_real + errD_fake
        optimizerD.step()

        netG.zero_grad()
        label.fill_(1.0)
        errG = criterion(netD(fake), label)
        errG.backward()
        optimizerG.step()
        print("loss", repr(errD.item()), repr(errG.item()))

print("rng", torch.rand(1).item())
