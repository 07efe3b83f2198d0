"""Training loops in the manner of PyTorch's own tutorials: not a line changed, and all of it recorded.

Each prints its losses in full precision and a random number at its end. What it prints is
the same with and without us, and what is recorded is what it prints.
"""

from __future__ import annotations

import gc
import io
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

import pytest

import autolog
from autolog.flavors import load_model
from autolog.store.runs import Run
from autolog.tracking.active import activate
from autolog.tracking.settings import resolve

LOOPS = Path(__file__).parent / "loops"
NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?|-?\d+")


class Printed:
    """What a loop printed."""

    def __init__(self, text: str) -> None:
        self.lines = text.splitlines()

    def numbers(self, start: str, column: int = 0) -> list[float]:
        """From all lines that begin so, the number in this column."""
        lines = (line.removeprefix(start) for line in self.lines if line.startswith(start))
        return [float(NUMBER.findall(line)[column]) for line in lines]


Check = Callable[[list[Run], Printed], None]


def values(run: Run, metric: str) -> list[float]:
    return list(run.history(metric).value)


def steps(run: Run, metric: str) -> list[int]:
    return list(run.history(metric).step)


def said(run: Run, *names: str) -> tuple[object, ...]:
    return tuple(run.params[name] for name in names)


def classifier(runs: list[Run], printed: Printed) -> None:
    (run,) = runs
    assert values(run, "loss") == printed.numbers("loss ")
    assert steps(run, "loss") == list(range(72))
    assert (steps(run, "epoch"), values(run, "epoch")) == ([23, 47, 71], [1, 2, 3])
    assert (steps(run, "lr"), values(run, "lr")) == ([0, 24, 48], [0.1, 0.05, 0.025])
    assert said(run, "model", "parameters", "layers") == ("NeuralNetwork", 64 * 32 + 32 + 320 + 10, 5)
    assert said(run, "optimizer", "lr", "momentum", "scheduler") == ("SGD", 0.1, 0.9, "StepLR")
    assert said(run, "dataset", "dataset_size", "batch_size") == ("Subset(TensorDataset)", 1497, 64)
    assert "Linear" in run.artifacts().path("model.txt").read_text()


def amp(runs: list[Run], printed: Printed) -> None:
    (run,) = runs
    assert values(run, "loss") == printed.numbers("loss ")  # not what the scaler made of it
    assert said(run, "amp", "dtype") == ("bfloat16", "float32")


def lbfgs(runs: list[Run], printed: Printed) -> None:
    (run,) = runs
    assert values(run, "loss") == printed.numbers("step ", column=1)  # one for each step: the first closure's
    assert steps(run, "loss") == [0, 1, 2, 3]
    assert said(run, "optimizer", "max_iter", "dtype") == ("LBFGS", 5, "float64")


def gan(runs: list[Run], printed: Printed) -> None:
    (run,) = runs
    assert values(run, "loss") == pytest.approx(printed.numbers("loss "), rel=1e-6)  # a sum of two
    assert values(run, "loss.Generator") == printed.numbers("loss ", column=1)
    assert said(run, "model", "model.Generator", "lr", "lr.Generator") == (
        *("Discriminator", "Generator"),
        *(0.0002, 0.001),
    )
    assert values(run, "epoch") == [1, 2]
    assert {"model/model.safetensors", "model.Generator/model.safetensors"} <= set(run.artifacts())


def reinforce(runs: list[Run], printed: Printed) -> None:
    (run,) = runs
    assert values(run, "loss") == printed.numbers("loss ")
    assert "batch_size" not in run.params


def characters(runs: list[Run], printed: Printed) -> None:
    (run,) = runs
    assert values(run, "loss") == printed.numbers("loss ")
    assert said(run, "lr.0", "lr.1", "weight_decay.0", "weight_decay.1") == (0.02, 0.01, 0.01, 0.0)
    assert values(run, "lr.0") == pytest.approx([0.02, 0.015, 0.005])
    assert said(run, "scheduler", "scheduler.T_max") == ("CosineAnnealingLR", 3)


def accumulation(runs: list[Run], printed: Printed) -> None:
    (run,) = runs
    assert values(run, "loss") == printed.numbers("loss ")
    assert said(run, "backwards_per_step", "batch_size", "drop_last") == (4, 4, True)
    assert (steps(run, "epoch"), run.metrics["steps"]) == ([5, 11], 12)
    assert _samples(run) == 2 * 96


def compiled(runs: list[Run], printed: Printed) -> None:
    (run,) = runs
    assert values(run, "loss") == printed.numbers("loss ")
    assert printed.numbers("graphs ", column=1) == [0]
    assert said(run, "compiled", "model") == (True, "Sequential")


def kfold(runs: list[Run], printed: Printed) -> None:
    assert len(runs) == 3
    for fold, run in enumerate(runs):
        assert run.parent_id is None
        assert values(run, "loss") == printed.numbers(f"fold {fold} loss ")
        assert values(run, "epoch") == [1, 2]
        network = load_model(run.artifacts().path("model"))
        assert (type(network[0]).__name__, network[0].in_features, network[0].out_features) == (
            "Linear",
            4,
            8,
        )


def workers(runs: list[Run], printed: Printed) -> None:
    (run,) = runs
    assert values(run, "loss") == printed.numbers("loss ")
    assert (steps(run, "epoch"), values(run, "epoch")) == ([3, 7, 11], [1, 2, 3])
    assert said(run, "num_workers", "dataset", "batch_size") == (2, "Squares", 10)
    assert _samples(run) == 2 * 40 + 24


def _samples(run: Run) -> int:
    return round(run.metrics["samples_per_second"] * run.metrics["training_time"])


CHECKS: list[Check] = [
    classifier, amp, lbfgs, gan, reinforce, characters, accumulation, kfold, workers, compiled,
]  # fmt: skip
NAMES = [check.__name__ for check in CHECKS]


def printed_by(name: str) -> str:
    """Run here, as if it were the program."""
    text = io.StringIO()
    with redirect_stdout(text):
        runpy.run_path(str(LOOPS / f"{name}.py"), run_name="__main__")
    return text.getvalue()


def runs_of(store: Path) -> list[Run]:
    return sorted(autolog.search_runs(store=store), key=lambda run: run.start_time)


@pytest.mark.slow
@pytest.mark.parametrize("check", [classifier, gan, accumulation, kfold])
def test_a_loop(check: Check, tmp_path: Path) -> None:
    bare = printed_by(check.__name__)
    autolog.enable(store=tmp_path / "runs", frameworks=["torch"])
    recorded = printed_by(check.__name__)
    gc.collect()  # the program's objects are gone, as at its end
    autolog.disable()
    activate(resolve())
    assert recorded == bare
    runs = runs_of(tmp_path / "runs")
    assert {run.status for run in runs} == {"FINISHED"}
    check(runs, Printed(recorded))


BARE = """
import runpy, sys
for path in sys.argv[1:]:
    print("=====", path)
    runpy.run_path(path, run_name="__main__")
"""


@pytest.fixture(scope="module")
def bare() -> dict[str, str]:
    """What each of them prints without us."""
    paths = [str(LOOPS / f"{name}.py") for name in NAMES]
    text = _ran(sys.executable, "-c", BARE, *paths)
    parts = re.split(r"^===== .*\n", text, flags=re.MULTILINE)[1:]
    return dict(zip(NAMES, parts, strict=True))


def _ran(*command: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "AUTOLOG_STRICT"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "autolog failed" not in done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS)
def test_a_loop_as_users_start_it(check: Check, bare: dict[str, str], tmp_path: Path) -> None:
    command = str(Path(sys.executable).parent / "autolog")
    name = check.__name__
    recorded = _ran(command, "run", "--silent", "--store", "runs", str(LOOPS / f"{name}.py"))
    assert recorded == bare[name]
    runs = runs_of(tmp_path / "runs")
    assert {run.status for run in runs} == {"FINISHED"}
    check(runs, Printed(recorded))
