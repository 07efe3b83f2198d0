"""The promises of every patcher, kept for loops that no function wraps."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import autolog
from autolog.autolog.torch import patcher
from autolog.store.runs import Run
from autolog.testing import PatcherContract

FAILING = """
import autolog
autolog.enable(store="contract", frameworks=["torch"])
import torch
model = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(9):
    loss = model(torch.ones(4, 2 if step < 5 else 3)).mean()
    loss.backward()
    optimizer.step()
"""


class TestTorch(PatcherContract):
    patcher = patcher
    framework = "torch"

    def train(self) -> Any:
        import torch

        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        losses = []
        for _ in range(5):
            optimizer.zero_grad()
            loss = model(torch.ones(4, 2)).pow(2).mean()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses, model(torch.ones(1, 2)).item(), torch.rand(1).item()

    def check_run(self, run: Run) -> None:
        losses = self.train()[0]
        assert list(run.history("loss").value) == losses
        assert list(run.history("loss").step) == [0, 1, 2, 3, 4]
        assert run.params["model"] == "Sequential"
        assert (run.params["optimizer"], run.params["lr"]) == ("SGD", 0.1)
        assert "model/model.safetensors" in list(run.artifacts())

    @pytest.mark.slow  # a process of its own
    def test_a_failing_training_is_a_failed_run(self, recorded: Path) -> None:
        """No call of ours is left by the exception: it is what ends the process."""
        autolog.disable()
        script = recorded.parent / "failing.py"
        script.write_text(FAILING)
        done = subprocess.run(
            [sys.executable, script], cwd=recorded.parent, capture_output=True, text=True, check=False
        )
        assert done.returncode == 1
        assert done.stderr.strip().splitlines()[-1].startswith("RuntimeError: mat1 and mat2")
        (top,) = self.runs(recorded)
        assert top.status == "FAILED"
        assert (top.error or "").startswith("RuntimeError: mat1 and mat2")
        assert "traceback.txt" in list(top.artifacts())
        assert list(top.history("loss").step) == [0, 1, 2, 3, 4]
