"""What a chart needs: lowest, highest and mean in 1,000 buckets, no spike lost."""

from __future__ import annotations

from .harness import Benchmark, Figure, Numbers, run
from .query import milliseconds
from .stores import log_waves


def ours() -> Numbers:
    import autolog

    long = [log_waves(1_000_000, spike=777_777)]
    many = [log_waves(10_000, "many", spike=number) for number in range(100)]
    autolog.search_runs()
    assert max(autolog.buckets(long, "loss", 1000).series[0].high) == 1e6
    assert all(max(each.high) == 1e6 for each in autolog.buckets(many, "many", 1000).series)
    return {
        "1 run × 1,000,000 points": milliseconds(lambda: autolog.buckets(long, "loss", 1000), 20),
        "100 runs × 10,000 points": milliseconds(lambda: autolog.buckets(many, "many", 1000), 20),
    }


BENCHMARK = Benchmark(
    title="chart data: 1,000 buckets on one grid, every one-point spike kept",
    cases={"ours": ours},
    figures=[
        Figure("1 run × 1,000,000 points", "ms", "≤ 10", lambda it: (it.of("ours") or 99) <= 10),
        Figure("100 runs × 10,000 points", "ms", "≤ 60", lambda it: (it.of("ours") or 99) <= 60),
    ],
    rounds=3,
)

if __name__ == "__main__":
    run(BENCHMARK)
