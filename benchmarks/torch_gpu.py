"""A plain PyTorch loop on a GPU: waits for the GPU that recording it adds. Needs a GPU."""

from __future__ import annotations

import sys
from time import perf_counter

from .harness import Benchmark, Figure, Numbers, run

STEPS = 2_000
WARM_UP = 50


def loop() -> Numbers:
    """Calls that wait for the GPU, as the profiler sees them, and microseconds of a step."""
    import torch
    from torch.profiler import ProfilerActivity, profile

    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(64, 512), torch.nn.ReLU(), torch.nn.Linear(512, 10)).cuda()
    optimizer = torch.optim.Adam(model.parameters())
    xs = torch.randn(256, 64, device="cuda")
    ys = torch.randint(10, (256,), device="cuda")

    def steps(count: int) -> None:
        for _ in range(count):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(xs), ys).backward()
            optimizer.step()

    steps(WARM_UP)
    torch.cuda.synchronize()
    begin = perf_counter()
    steps(STEPS)
    torch.cuda.synchronize()
    took = perf_counter() - begin
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as profiled:
        steps(STEPS)
    waits = sum(event.count for event in profiled.key_averages() if "Synchronize" in event.key)
    return {"waits": waits, "a step": took / STEPS * 1e6}


def bare() -> Numbers:
    return loop()


def ours() -> Numbers:
    import autolog

    autolog.enable()
    return loop()


BENCHMARK = Benchmark(
    title=f"plain PyTorch loop on a GPU, {STEPS:,} steps, loss recorded at every step",
    cases={"bare": bare, "ours": ours},
    figures=[
        Figure(
            "waits",
            f"synchronisations in {STEPS:,} steps",
            "as bare",
            lambda it: it.over("ours", "bare") == 0,
        ),
        Figure("a step", "µs"),
    ],
)


def has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


if __name__ == "__main__":
    if has_gpu():
        run(BENCHMARK)
    else:
        print("no GPU", file=sys.stderr)
