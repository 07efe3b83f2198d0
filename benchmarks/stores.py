"""Stores to measure reading on. They lie in ./autoruns, the default of the empty folder we are in."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

STORE = Path("autoruns")


def log_waves(points: int, key: str = "loss", *, spike: int | None = None) -> str:
    """A run with one metric of so many points; the one at ``spike`` is 1e6. Returns the run's id."""
    import autolog

    with autolog.run("waves", experiment="bench") as run:
        for step in range(points):
            run.log_metric(key, 1e6 if step == spike else math.sin(step / 1000), step=step)
        return run.id


def write_runs(runs: int, a_folder: int, path: Path = STORE) -> None:
    """``runs`` runs with 10 params and 10 metrics each, ``a_folder`` of them in one run folder."""
    from autolog.store import open_store

    store = open_store(path)
    top: Any = None
    for number in range(runs):
        if number % a_folder == 0:
            top = None
        name = f"run {number}"
        writer = top.child(name) if top else store.create("bench", name)
        top = top or writer
        write_one(writer, number)
        writer.close()


def write_one(writer: Any, number: int) -> None:
    """The usual run: ten params, ten metrics, an end."""
    from autolog.store.events import End, Metrics, Params

    time = 1_700_000_000_000 + number
    params = {f"p{key}": param(number, key) for key in range(10)}
    metrics = {f"m{key}": metric(number, key) for key in range(10)}
    writer.write(
        Params(run=0, time=time, params=params),
        Metrics(run=0, time=time, step=0, metrics=metrics),
        End(run=0, time=time, status="FINISHED"),
    )


def param(number: int, key: int) -> int:
    return (number // 7 + key) % 10


def metric(number: int, key: int) -> float:
    return number * (key + 3) % 997 / 997
