"""Measure several ways to do one thing, alternately, each in a process of its own.

A benchmark is a module with a `Benchmark` and ``run(BENCHMARK)`` under its main guard. A case
is a function without arguments that returns numbers by figure name. It runs in a fresh
process and an empty folder; round after round, so that a noisy minute hits all cases alike.
Only the standard library is imported here: a peer's interpreter runs its cases too.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "RESULTS.md"

Numbers = dict[str, float]
Case = Callable[[], Numbers]


@dataclass(frozen=True)
class Measured:
    """One figure: for each case its number in each round."""

    rounds: Sequence[Mapping[str, float]]

    def of(self, case: str) -> float | None:
        numbers = [numbers[case] for numbers in self.rounds if case in numbers]
        return median(numbers) if numbers else None

    def ratio(self, case: str, to: str) -> float:
        """The median of the rounds' own ratios: what slows a whole round drops out."""
        return median(numbers[case] / numbers[to] for numbers in self.rounds)

    def over(self, case: str, base: str) -> float:
        return median(numbers[case] - numbers[base] for numbers in self.rounds)


@dataclass(frozen=True)
class Figure:
    """A number to publish, what it should reach, and whether it did."""

    name: str
    unit: str
    goal: str = ""
    reached: Callable[[Measured], bool] | None = None


@dataclass(frozen=True)
class Benchmark:
    title: str
    cases: Mapping[str, Case]
    figures: Sequence[Figure]
    rounds: int = 5
    peer_rounds: int = 1
    """The peers take long and are far away: one round says enough."""


PEERS = ("mlflow", "wandb", "optuna_integration")
"""Modules of the peer's interpreter. A case that begins with one of them runs there, if it is there."""


def peer_of(case: str) -> str | None:
    return next((peer for peer in PEERS if case.startswith(peer)), None)


FOREIGN = ("AUTOLOG_", "MLFLOW_", "WANDB_")


def child_environment() -> dict[str, str]:
    """No settings of the user's, no telemetry of anybody's, and modules compiled as installed ones are."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(FOREIGN)}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return kept | {
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "ignore",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "WANDB_MODE": "offline",
        "WANDB_ERROR_REPORTING": "false",
        "DO_NOT_TRACK": "true",
    }


def run_case(module: str, case: str, python: str) -> Numbers:
    """One case in a fresh process and an empty folder. Raises CalledProcessError."""
    with tempfile.TemporaryDirectory(prefix="autolog-bench-") as folder:
        result = subprocess.run(
            [python, "-m", module, "--case", case],
            cwd=folder, env=child_environment(), capture_output=True, text=True,
        )  # fmt: skip
    if result.returncode:
        sys.stderr.write(result.stderr)
        raise subprocess.CalledProcessError(result.returncode, result.args)
    numbers: Numbers = json.loads(result.stdout.splitlines()[-1])
    return numbers


def has_module(python: str, name: str) -> bool:
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({name!r}) is None)"
    return subprocess.run([python, "-c", code], env=child_environment()).returncode == 0


def measure(module: str, benchmark: Benchmark, rounds: int, peer_python: str) -> list[dict[str, Numbers]]:
    """For each round, each case's numbers."""
    peers = {case: peer for case in benchmark.cases if (peer := peer_of(case))}
    found = {peer for peer in set(peers.values()) if has_module(peer_python, peer)}
    taken: list[dict[str, Numbers]] = []
    for number in range(rounds):
        taken.append({})
        for case in benchmark.cases:
            if case in peers and not (peers[case] in found and number < benchmark.peer_rounds):
                continue
            print(f"{benchmark.title}: round {number + 1} of {rounds}, {case}", file=sys.stderr, flush=True)
            python = peer_python if case in peers else sys.executable
            taken[-1][case] = run_case(module, case, python)
    return taken


def shown(number: float | None) -> str:
    if number is None:
        return ""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:,.3g}"


def table(benchmark: Benchmark, taken: Sequence[Mapping[str, Numbers]]) -> list[list[str]]:
    """Rows of text: the figures, a column for each case, and the goal."""
    rows = [["", *benchmark.cases, "to reach", ""]]
    for figure in benchmark.figures:
        numbers = [
            {case: numbers[figure.name] for case, numbers in cases.items() if figure.name in numbers}
            for cases in taken
        ]
        measured = Measured([each for each in numbers if each])
        verdict = "" if figure.reached is None else "yes" if figure.reached(measured) else "NO"
        values = [shown(measured.of(case)) for case in benchmark.cases]
        rows.append([f"{figure.name}, {figure.unit}", *values, figure.goal, verdict])
    return rows


def machine() -> str:
    """What the numbers were measured on, without naming whose it is."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    where = f"{names[0] if names else model}, {os.cpu_count()} cores, {platform.system()}"
    return f"{where}, Python {platform.python_version()}"


def as_markdown(title: str, rows: Sequence[Sequence[str]]) -> str:
    head, *body = ["| " + " | ".join(row) + " |" for row in rows]
    rule = "|---" + "|--:" * (len(rows[0]) - 3) + "|---|---|"
    return "\n".join([f"### {title}", "", head, rule, *body, ""])


def show(title: str, rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    drawn = Table(title=title, title_justify="left")
    for column, name in enumerate(rows[0]):
        drawn.add_column(name, justify="right" if 0 < column < len(rows[0]) - 2 else "left")
    for row in rows[1:]:
        drawn.add_row(*row)
    Console().print(drawn)


def append(title: str, rows: Sequence[Sequence[str]]) -> None:
    """Add a table to RESULTS.md, with the date and the machine."""
    stamp = f"{datetime.now(UTC):%Y-%m-%d}, {machine()}"
    with RESULTS.open("a") as file:
        file.write(f"{as_markdown(title, rows)}\n{stamp}\n\n")


def run(benchmark: Benchmark, argv: Sequence[str] | None = None) -> None:
    """The command line of a benchmark's module."""
    module = sys.modules["__main__"].__spec__
    assert module is not None, "start it with python -m benchmarks.NAME"
    parser = argparse.ArgumentParser(prog=f"python -m {module.name}", description=benchmark.title)
    parser.add_argument("--case", choices=list(benchmark.cases), help="run one case here, print its numbers")
    parser.add_argument("--rounds", type=int, default=benchmark.rounds)
    parser.add_argument("--peer-python", default=sys.executable, help="an interpreter that has the peer")
    parser.add_argument("--append", action="store_true", help=f"add the table to {RESULTS.name}")
    options = parser.parse_args(argv)
    if options.case:
        print("\n" + json.dumps(benchmark.cases[options.case]()))
        return
    rows = table(benchmark, measure(module.name, benchmark, options.rounds, options.peer_python))
    show(benchmark.title, rows)
    if options.append:
        append(benchmark.title, rows)
