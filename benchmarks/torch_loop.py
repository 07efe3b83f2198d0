"""A plain PyTorch loop with a small MLP: what recording the loss of every step adds to a step."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from time import perf_counter
from typing import Any

from .harness import Benchmark, Figure, Numbers, run

STEPS = 20_000
WARM_UP = 200
POINTS = STEPS + WARM_UP
PEER_STEPS = 300  # at some milliseconds each
BATCH = 32


def loop(steps: int = STEPS, log: Callable[[int, Any], None] | None = None) -> Numbers:
    """Microseconds of a step, and milliseconds of the first one, with which the run begins."""
    import torch
    from sklearn.datasets import load_digits

    torch.manual_seed(0)
    torch.set_num_threads(1)  # a network of this size gains nothing from more
    digits = load_digits()
    xs = torch.tensor(digits.data, dtype=torch.float32) / 16
    ys = torch.tensor(digits.target)
    model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10))
    optimizer = torch.optim.Adam(model.parameters())
    criterion = torch.nn.CrossEntropyLoss()

    times = {0: perf_counter()}
    for step in range(WARM_UP + steps):
        at = step * BATCH % (len(xs) - BATCH)
        optimizer.zero_grad()
        loss = criterion(model(xs[at : at + BATCH]), ys[at : at + BATCH])
        loss.backward()
        optimizer.step()
        if log is not None:
            log(step, loss)
        if step in (0, WARM_UP - 1):
            times[step + 1] = perf_counter()
    return {
        "a step": (perf_counter() - times[WARM_UP]) / steps * 1e6,
        "the first step": (times[1] - times[0]) * 1000,
    }


def bare() -> Numbers:
    return loop() | {"points": 0}


def ours() -> Numbers:
    import autolog

    autolog.enable()
    numbers = loop()
    autolog.disable()
    (found,) = autolog.search_runs()
    return numbers | {"points": len(found.history("loss").value)}


def summary_writer() -> Numbers:
    from torch.utils.tensorboard import SummaryWriter

    with contextlib.closing(SummaryWriter("tensorboard")) as writer:
        return loop(log=lambda step, loss: writer.add_scalar("loss", loss.item(), step))


def wandb() -> Numbers:
    import wandb

    with wandb.init(project="bench", mode="offline", settings=wandb.Settings(silent=True)) as active:
        return loop(log=lambda step, loss: active.log({"loss": loss.item()}, step=step))


def mlflow() -> Numbers:
    import mlflow

    with mlflow.start_run():
        return loop(PEER_STEPS, log=lambda step, loss: mlflow.log_metric("loss", loss.item(), step=step))


BENCHMARK = Benchmark(
    title="plain PyTorch loop, small MLP on one thread, loss recorded at every step",
    cases={
        "bare": bare,
        "ours": ours,
        "SummaryWriter by hand": summary_writer,
        "wandb by hand (offline)": wandb,
        "mlflow by hand (SQLite)": mlflow,
    },
    figures=[
        Figure("a step", "µs", "≤ 1.03 × bare", lambda it: it.ratio("ours", "bare") <= 1.03),
        Figure("the first step", "ms"),
        Figure("points", "losses recorded", f"{POINTS:,}", lambda it: it.of("ours") == POINTS),
    ],
    rounds=9,
)

if __name__ == "__main__":
    run(BENCHMARK)
