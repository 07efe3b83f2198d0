"""What a program pays before its first line of work."""

from __future__ import annotations

import json
import subprocess
import sys
from statistics import median
from time import perf_counter

from .harness import Benchmark, Figure, Numbers, run

STARTS = 9
COUNT = """
import sys
foreign = {name for name in sys.modules if name.partition('.')[0] not in sys.stdlib_module_names}
print(len(foreign - {name for name in foreign if name.partition('.')[0] == 'autolog'}))
"""


def started(code: str, times: int = STARTS) -> Numbers:
    """The median wall time of a process that runs ``code``, and the foreign modules it has."""
    return {"start": median(one_start(code) for _ in range(times)), "modules": foreign_modules(code)}


def one_start(code: str) -> float:
    begin = perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    return (perf_counter() - begin) * 1000


def foreign_modules(code: str) -> float:
    """Modules of neither the standard library nor autolog, as the process ends."""
    result = subprocess.run([sys.executable, "-c", code + COUNT], check=True, capture_output=True)
    return float(json.loads(result.stdout.splitlines()[-1]))


def bare() -> Numbers:
    return started("pass\n")


def ours() -> Numbers:
    return started("import autolog; autolog.enable()\n")


def mlflow() -> Numbers:
    return started("import mlflow; mlflow.autolog()\n", times=3)


BENCHMARK = Benchmark(
    title="import autolog; autolog.enable() with no framework imported",
    cases={"bare": bare, "ours": ours, "mlflow": mlflow},
    figures=[
        Figure("start", "ms", "≤ 60 over bare", lambda it: it.over("ours", "bare") <= 60),
        Figure("modules", "modules of third parties", "≤ 15", lambda it: it.over("ours", "bare") <= 15),
    ],
)

if __name__ == "__main__":
    run(BENCHMARK)
