"""Recording to a server that is half a second away: what it costs the training, and when all is there."""

from __future__ import annotations

import os
from time import monotonic, perf_counter, sleep

from . import servers
from .harness import Benchmark, Figure, Numbers, by_turns, run
from .search import CANDIDATES, one_search
from .torch_loop import TURN, loop

CALLS = 10_000


def ours() -> Numbers:
    with servers.ours() as address, servers.far(address) as away:
        return {"log_metric": calls(away), "torch loop": training(away), **search(address)}


def calls(address: str) -> float:
    """Seconds for 10,000 calls of log_metric."""
    import autolog

    autolog.enable(store=address)
    with autolog.run("calls") as run:
        begin = perf_counter()
        for step in range(CALLS):
            run.log_metric("loss", 1.0, step=step)
        took = perf_counter() - begin
    autolog.disable()
    return took


def training(address: str) -> float:
    """A plain torch loop, recorded and bare by turns."""
    os.environ["AUTOLOG_STORE"] = address
    return by_turns(lambda: loop(TURN), turns=10)


def search(address: str) -> Numbers:
    """A grid search of 200 trials, recorded on a server: the cost, and how late the last one is there."""
    import autolog

    bare = one_search(1)
    autolog.enable(store=address)
    recorded = one_search(1)
    ended = monotonic()
    ended_trials = "parent is not null and status != 'RUNNING'"
    while len(autolog.search_runs(ended_trials, store=address)) < CANDIDATES:
        sleep(0.02)
    return {"search": recorded / bare, "late": monotonic() - ended}


def mlflow() -> Numbers:
    """The official client: a call waits for its answer."""
    import mlflow

    with servers.mlflow() as address, servers.far(address) as away:
        mlflow.set_tracking_uri(away)
        with mlflow.start_run():
            begin = perf_counter()
            for step in range(10):
                mlflow.log_metric("loss", 1.0, step=step)
            return {"log_metric": (perf_counter() - begin) * CALLS / 10}


BENCHMARK = Benchmark(
    title="our client, a server 500 ms away",
    cases={"ours": ours, "mlflow": mlflow},
    figures=[
        Figure("log_metric", "s for 10,000 calls", "≤ 0.1", lambda it: it.at_most("ours", 0.1)),
        Figure("torch loop", "× bare", "≤ 1.01", lambda it: it.at_most("ours", 1.01)),
        Figure("search", "200 trials, × bare; near server", "≤ 1.05", lambda it: it.at_most("ours", 1.05)),
        Figure("late", "s until all are there", "≤ 1", lambda it: it.at_most("ours", 1)),
    ],
    rounds=3,
)  # fmt: skip

if __name__ == "__main__":
    run(BENCHMARK)
