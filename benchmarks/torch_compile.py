"""A compiled PyTorch loop: graph breaks, graphs and compilations that recording it adds."""

from __future__ import annotations

from .harness import Benchmark, Figure, Measured, Numbers, run

STEPS = 60


def compiled_loop() -> Numbers:
    """What torch.compile counts while a module is trained."""
    import torch
    from torch._dynamo.utils import counters

    torch.manual_seed(0)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = torch.nn.Sequential(
        torch.nn.Linear(20, 32), torch.nn.ReLU(), torch.nn.Dropout(0.1), torch.nn.Linear(32, 1)
    ).to(device)
    compiled = torch.compile(model)
    optimizer = torch.optim.AdamW(model.parameters())
    for step in range(STEPS):
        xs = torch.randn(32 if step % 2 else 16, 20, device=device)  # a second size: one more compilation
        optimizer.zero_grad()
        loss = compiled(xs).square().mean()
        loss.backward()
        optimizer.step()
    return {
        "graph breaks": sum(counters["graph_break"].values()),
        "graphs": counters["stats"]["unique_graphs"],
        "frames": counters["frames"]["total"],
    }


def bare() -> Numbers:
    return compiled_loop()


def ours() -> Numbers:
    import autolog

    autolog.enable()
    return compiled_loop()


def unchanged(measured: Measured) -> bool:
    return measured.over("ours", "bare") == 0


BENCHMARK = Benchmark(
    title=f"torch.compile, {STEPS} steps in two batch sizes",
    cases={"bare": bare, "ours": ours},
    figures=[
        Figure("graph breaks", "count", "as bare", unchanged),
        Figure("graphs", "count", "as bare", unchanged),
        Figure("frames", "compilations", "as bare", unchanged),
    ],
    rounds=1,
)

if __name__ == "__main__":
    run(BENCHMARK)
