"""Mixed precision with gradient scaling, as the recipe does it, on the CPU."""

from __future__ import annotations

import torch
from torch import nn

torch.manual_seed(0)
STEPS = 12

data = [torch.randn(16, 8) for _ in range(STEPS)]
targets = [torch.randn(16, 4) for _ in range(STEPS)]

net = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
loss_fn = nn.MSELoss()
opt = torch.optim.SGD(net.parameters(), lr=0.01)
scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)

for inputs, target in zip(data, targets, strict=True):
    with torch.autocast(device_type="cpu", dtype=torch.bfloat16):
        output = net(inputs)
        loss = loss_fn(output.float(), target)
    scaler.scale(loss).backward()
    scaler.unscale_(opt)
    torch.nn.utils.clip_grad_norm_(net.parameters(), max_norm=1.0)
    scaler.step(opt)
    scaler.update()
    opt.zero_grad()
    print("loss", repr(loss.item()))

print("rng", torch.rand(1).item())
