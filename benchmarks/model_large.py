"""A model of 2 GB: saved, loaded, uploaded into a store; beside it a plain copy, and NumPy."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from mmap import PAGESIZE as PAGE
from mmap import mmap
from time import perf_counter
from typing import Any

from .harness import Benchmark, Figure, Numbers, run
from .memory import growth

ROWS, COLUMNS = 1 << 18, 1 << 10
MEGABYTES = ROWS * COLUMNS * 8 >> 20


def regressor(rows: int) -> Any:
    """It keeps what it was fitted with."""
    import numpy as np
    from sklearn.neighbors import KNeighborsRegressor

    X = np.random.default_rng(0).random((rows, COLUMNS))
    return KNeighborsRegressor(algorithm="brute").fit(X, X[:, 0])


def measured(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds, and the growth of memory in megabytes."""
    os.sync()  # nothing is left to write from before
    with mmap(-1, MEGABYTES << 20) as memory:  # a virtual machine gets its memory late
        for start in range(0, len(memory), PAGE):
            memory[start] = 1
    with growth() as grown:
        begin = perf_counter()
        work()
        seconds = perf_counter() - begin
    return seconds, grown.megabytes


def copy() -> Numbers:
    """Of a file of that size by `shutil`, which has the kernel do it."""
    block = os.urandom(1 << 20)
    with open("file", "wb") as file:
        for _ in range(MEGABYTES):
            file.write(block)
    seconds, _ = measured(lambda: shutil.copyfile("file", "copy"))
    return {"save": seconds, "load": seconds, "upload": seconds}


def saved_by_numpy() -> float:
    import numpy as np

    array = np.random.default_rng(0).random((ROWS, COLUMNS))
    return measured(lambda: np.save("array.npy", array))[0]


def by_numpy() -> Numbers:
    """The same bytes without a checksum: what the disk, and having the memory, take."""
    import numpy as np

    return {"save": saved_by_numpy(), "load": measured(lambda: np.load("array.npy"))[0]}


def saves() -> tuple[float, float]:
    import autolog

    model = regressor(ROWS)
    return measured(lambda: autolog.save_model(model, "model"))


def ours() -> Numbers:
    import autolog

    autolog.save_model(regressor(10), "small")
    autolog.load_model("small")  # all is imported now
    saved, saving = saves()
    loaded, loading = measured(lambda: autolog.load_model("model"))
    with autolog.run("upload") as run:
        uploaded, uploading = measured(lambda: run.log_artifact("model"))
    return {
        "save": saved, "load": loaded, "upload": uploaded,
        "growth, save": saving, "growth, load": loading - MEGABYTES, "growth, upload": uploading,
    }  # fmt: skip


def speed(name: str) -> Figure:
    return Figure(name, "s", "≤ 2 × a copy", lambda it: it.ratio("ours", "copy") <= 2)


def memory(name: str) -> Figure:
    return Figure(name, "MB", "≤ 100", lambda it: (it.of("ours") or 0) <= 100)


BENCHMARK = Benchmark(
    title=f"a model of {MEGABYTES:,} MB",
    cases={"copy": copy, "NumPy": by_numpy, "ours": ours},
    figures=[
        *(speed(name) for name in ("save", "load", "upload")),
        *(memory(f"growth, {name}") for name in ("save", "load", "upload")),
    ],
    rounds=3,
)

if __name__ == "__main__":
    run(BENCHMARK)
